//! English: devices, networks and the office.

use super::Texts;

pub(super) const ACCESS: Texts = Texts {
    subjects: &[
        "[Access|Permission] to [the shared drive|folder {ref}|{product}] for [a new colleague|our intern]",
        "New [starter|colleague] on {day}: [accounts|equipment]",
        "Please [remove|change] rights of {user}",
        "[Request|Need] for a shared mailbox",
        "Move of {user} to {team}",
    ],
    facts: &[
        "A new colleague [starts|joins] {team} on {day} and [needs|will need] [an account|access to {product} and the shared drive].",
        "{name} has moved to {team}; [please change|could you adjust] the [rights|group membership].",
        "We need a shared mailbox for {team} with {small} [members|people].",
        "I [cannot open|get \"access denied\" on] the folder {ref}, which I need for [the audit|my daily work].",
        "An [external consultant|intern] works with us until the end of the quarter and [needs|should get] [read access|a guest account].",
        "Please [close|remove] the account {user}; [she|he] [left|has left] the company.",
    ],
    details: &[
        "The manager has [agreed|approved], see {ref}.",
        "[Same rights|The same groups] as {user}, please.",
        "Seat: [second|third|ground] floor in {city}.",
        "The cost centre is {big}.",
        "A {device} is [already there|ordered].",
    ],
    asks: &[
        "Can this be ready by {day}?",
        "Please [confirm|tell me] when it is done.",
        "Which form do I [need|have to fill in]?",
        "Who has to approve [it|this]?",
    ],
};

pub(super) const HARDWARE: Texts = Texts {
    subjects: &[
        "{device} does not [start|charge|wake up]",
        "[Docking station|External monitor] not [recognised|detected]",
        "[Keyboard|Camera|Microphone] of the {device} [broken|faulty]",
        "[Replacement|Spare] [battery|charger] for {device}",
        "{device}: [fan very loud|gets hot]",
    ],
    facts: &[
        "My {device} [no longer starts|stays black], only the [power light|fan] comes on.",
        "The docking station [does not recognise|loses] the second [screen|monitor] [every few minutes|after lunch].",
        "The [battery|battery pack] of my {device} [is empty after|lasts] {n} minutes.",
        "In calls nobody can [hear|see] me, the [microphone|camera] of the {device} [is dead|seems faulty].",
        "[Some keys|The left hinge|The touch pad] of my {device} [stopped working|came loose].",
        "The {device} makes a [grinding|whistling] noise [when it starts|under load].",
    ],
    details: &[
        "Serial number {serial}.",
        "It is {small} years old, [out of|still under] warranty [I think|as far as I know].",
        "With [another cable|a colleague's charger] it is [the same|no better].",
        "The firmware is {version}.",
        "It fell [off the desk|from a bag] [once|some weeks ago], to be honest.",
    ],
    asks: &[
        "Can I [get|have] a [replacement|loan device]?",
        "Where do I [bring|send] it?",
        "Is a [repair|swap] covered?",
        "Please [order|send] [the part|a new one].",
    ],
};

pub(super) const PRINTER: Texts = Texts {
    subjects: &[
        "Printer [on the second floor|in room {n}] [does not print|is jammed]",
        "[Print jobs|Documents] stay in the queue",
        "[Toner|Drum] [empty|nearly empty] at printer {serial}",
        "Scan to mail [stopped|does not work]",
        "Printer [driver|setup] on {os}",
    ],
    facts: &[
        "The printer [in room {n}|on our floor] [takes the job|shows the document] but nothing comes out.",
        "Printouts have [grey stripes|blank pages|smeared text] [on the left side|from page {small} on].",
        "Scan to mail [no longer sends|sends empty pages] from the printer in {city}.",
        "My {device} [does not find|lost] the printer after [moving desks|the move to the new building].",
        "The device [asks for|wants] paper in tray {small}, although [it is full|there is plenty].",
        "Double-sided printing [comes out|is] upside down [since the toner was changed|for most documents].",
    ],
    details: &[
        "The display says {code}.",
        "Number on the sticker: {serial}.",
        "I [opened all flaps|removed a torn sheet], [no change|still the same].",
        "Colleagues [can print|have the same trouble].",
        "The queue shows {n} jobs.",
    ],
    asks: &[
        "Please send [someone|a technician] [over|by].",
        "Could you [order toner|bring a new cartridge]?",
        "Which driver [is right|should I use]?",
        "Please [clear|restart] the print queue.",
    ],
};

pub(super) const VPN: Texts = Texts {
    subjects: &[
        "VPN [drops|disconnects] every {n} minutes",
        "[No|Slow] VPN from home office",
        "VPN client [asks for|wants] a certificate",
        "Wi-Fi in [meeting room {n}|the {city} office] weak",
        "[Network share|Intranet] not reachable over VPN",
    ],
    facts: &[
        "The VPN [drops|disconnects] every {n} minutes when I work from [home|the train|a hotel].",
        "The client [connects|says connected], but [the intranet|our file server] [stays out of reach|does not answer].",
        "Since I got the new [router|laptop] the VPN [asks for a certificate|stops at \"verifying\"].",
        "The Wi-Fi in [room {n}|the canteen|the {city} office] is [so weak|so slow] that calls break up.",
        "[Large files|Video calls] over the VPN crawl at [less than {small}|about {small}] Mbit/s.",
        "Our new office in {city} needs [network ports|a guest Wi-Fi] for {n} [desks|people].",
    ],
    details: &[
        "The client shows {code}.",
        "Provider: cable, {n} Mbit/s; [without VPN all is fine|other sites load quickly].",
        "Client {version} on {os}.",
        "It began [around|at] {clock}.",
        "A [phone hotspot|cable instead of Wi-Fi] [helps|makes no difference].",
    ],
    asks: &[
        "Do I need [a new profile|another certificate]?",
        "Could you [look at|check] the access log for {user}?",
        "Is there [another gateway|a better setting] I can try?",
        "Please [send someone|measure the signal] [on {day}|this week].",
    ],
};

pub(super) const DATABASE: Texts = Texts {
    subjects: &[
        "[Query|Job] on the [reporting|sales] database [times out|runs too long]",
        "Database [disk|table space] at {n} %",
        "[Restore|Copy] of the test database",
        "Deadlocks in [nightly|hourly] load {ref}",
        "[New|Change of] database user for {team}",
    ],
    facts: &[
        "The [nightly|hourly] load into the reporting database [runs|takes] {n} minutes longer than [usual|last month].",
        "We need a [copy|restore] of the [sales|stock] database on the test server, [state of {day}|as of yesterday].",
        "A query over {big} rows [times out|is cancelled] [in the browser|from the reporting tool].",
        "The table space of the [archive|logging] database is at {n} %.",
        "Two jobs [block each other|run into deadlocks] [around|at] {clock}.",
        "Please [create|add] a read-only user for {team} on the [reporting|sales] database.",
    ],
    details: &[
        "Job number {ref}.",
        "The execution plan [shows|has] a full scan over [orders|customers].",
        "Nothing was [deployed|changed] on our side [since {day}|this week].",
        "The server has {n} GB of memory.",
        "The log names session {code}.",
    ],
    asks: &[
        "Could a [database administrator|DBA] have a look?",
        "Please [extend|enlarge] the disk.",
        "Is an index [possible|allowed] there?",
        "When [would be|is] a good time for the [restore|change]?",
    ],
};

pub(super) const SECURITY: Texts = Texts {
    subjects: &[
        "[Suspicious|Strange] mail in the name of {name}",
        "[Unknown|Unfamiliar] sign-in from [abroad|another city]",
        "Virus scanner [reports|warns about] {file}",
        "[Lost|Stolen] {device}",
        "Question on [encryption|data protection] in {product}",
    ],
    facts: &[
        "I received a [strange|suspicious] mail that [pretends|claims] to be from {name} and asks for [gift cards|my password|a transfer].",
        "{product} [notified|warned] me of a sign-in from [a city I have never been to|an unknown device] at {clock}.",
        "The virus scanner on my {device} [moved|put] {file} into quarantine.",
        "My {device} was [lost|stolen] [on the train|on a business trip], please [lock|wipe] it.",
        "For an audit we have to know [where {product} stores our data|how backups are encrypted].",
        "A colleague [clicked|opened] the link in a phishing mail [by mistake|before noticing].",
    ],
    details: &[
        "The [alert|case] number is {ref}.",
        "I did not [open|click] anything.",
        "The sender address ended in a [foreign|misspelt] domain.",
        "The scanner says [threat|signature] {code}.",
        "Passwords were changed [right away|at {clock}].",
    ],
    asks: &[
        "What [should|must] I do now?",
        "Please [check|verify] that nothing [got out|was taken].",
        "Is it [safe|all right] to go on working?",
        "Please [block|report] the sender.",
    ],
};

pub(super) const MAINTENANCE: Texts = Texts {
    subjects: &[
        "[Planned maintenance|Maintenance window] on {day}",
        "{product} [not reachable|briefly unavailable] [at|around] {clock}",
        "[Status page|Uptime] question",
        "[Short interruption|Hiccup] of {product} in {city}",
        "[Notification|Notice] about maintenance of {product}",
    ],
    facts: &[
        "{product} was [not reachable|unavailable] for [about|some] {n} minutes around {clock}, [now it is back|it works again].",
        "We got [a notice|your mail] on the maintenance of {product} and need to know [how long it takes|which regions it covers].",
        "Could the maintenance on {day} be [moved|shifted] by {small} hours? We have [month end|stocktaking] then.",
        "The status page [said|showed] all green while {team} in {city} [had no connection|waited for {product}].",
        "Our monitoring counted {small} short [interruptions|outages] of {product} [this week|since {day}].",
        "For our [auditor|customer] we need the availability of {product} [last month|last quarter].",
    ],
    details: &[
        "The check runs every {n} seconds from {city}.",
        "Our monitor's reference is {ref}.",
        "[No data was lost|Nothing is broken], as far as we can see.",
        "The agreement promises 99.{small} %.",
        "We are on the {plan} plan.",
    ],
    asks: &[
        "What was the [reason|cause]?",
        "Please [add|put] {email} on the list for such notices.",
        "Is a [credit|refund] due under the agreement?",
        "When is the next [window|maintenance]?",
    ],
};

pub(super) const HR: Texts = Texts {
    subjects: &[
        "[Question|Query] about my [payslip|holiday balance|overtime]",
        "[Certificate|Letter] of employment",
        "[Change|Update] of my [address|bank account|name]",
        "Parental leave from [next month|{day}]",
        "[Application|Vacancy] {ref}",
    ],
    facts: &[
        "My payslip shows {n} hours of overtime [less|more] than I [entered|worked].",
        "I would like to [carry over|take] {small} days of leave, [is that possible|who approves it]?",
        "For the [landlord|bank] I need a [certificate|letter] of employment.",
        "I have [moved to {city}|married] and want to [change|update] my [address|tax class|surname].",
        "I applied for position {ref} {n} days ago and [have not heard back|wonder about the next step].",
        "Which [form|deadline] applies to [parental leave|part-time work|a sabbatical]?",
    ],
    details: &[
        "Staff number {big}.",
        "I work in {team}.",
        "My manager is {name}.",
        "My contract runs in {city}.",
    ],
    asks: &[
        "Please [correct|check] it with the next payroll.",
        "Whom do I [turn to|ask]?",
        "Could you send me [the form|the document]?",
        "A short [call|answer] would be [enough|great].",
    ],
};
