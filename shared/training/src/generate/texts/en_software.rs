//! English: software at work.

use super::Texts;

pub(super) const LOGIN: Texts = Texts {
    subjects: &[
        "[Cannot|Can't|Unable to] [log in|sign in] to {product}",
        "Password reset [mail never arrives|link does not work]",
        "{product}: [account locked|locked out]",
        "Login [problem|trouble] on [my|our] {product} account",
        "[Authenticator|Two-factor] code [not accepted|rejected]",
        "Lost access to {product}",
    ],
    facts: &[
        "I have been trying to [log in|sign in] to {product} {since} and the password is [rejected|not accepted] every time.",
        "After [changing|resetting] my password {product} says [the account is locked|that my account is disabled].",
        "The [reset mail|password reset mail|mail with the reset link] does not reach me, [not even in the spam folder|I checked the junk folder too].",
        "My new [phone|device] shows authenticator codes that {product} [refuses|does not accept].",
        "One of our [colleagues|team members] in {team} can no longer get into {product}, [the others are fine|everybody else works normally].",
        "I left the company's old mail address behind and now [cannot confirm my identity|the confirmation goes to the wrong inbox].",
        "{product} tells me that user name or password are wrong, [though I am quite sure they are right|but nothing was changed on my side].",
    ],
    details: &[
        "The user is {user}.",
        "After {small} attempts I see [the note|the message] \"error {code}\".",
        "The link in the mail says it [has expired|was already used].",
        "With the [mobile app|app on my phone] the same credentials [work|do not work either].",
        "The lock happened [at|around] {clock}, when I was not even at my desk.",
    ],
    asks: &[
        "[Could|Can] you [unlock the account|reset the access] please?",
        "Please send [the reset link|a fresh link] to {email}.",
        "How do I [get back in|move the authenticator to the new phone]?",
        "[Please|Kindly] check whether my user still exists.",
    ],
};

pub(super) const PERFORMANCE: Texts = Texts {
    subjects: &[
        "{product} [very slow|sluggish|takes ages] {since}",
        "[Long|Endless] loading times in {product}",
        "Dashboard takes {small} seconds to open",
        "Slow [search|list views|page loads] in {product}",
        "Response times of {product}",
    ],
    facts: &[
        "Opening the [dashboard|customer list|project board] in {product} takes [about|more than] {small} seconds {since}.",
        "{product} feels [very slow|sluggish] when more than {small} [people|users] of {team} work at once.",
        "The search needs [half a minute|forever], [even for|also with] a single word.",
        "Scrolling through {big} [records|entries] makes the page [freeze for a while|stutter badly].",
        "Saving a [form|record] keeps [the little wheel turning|spinning] for {small} seconds before anything happens.",
        "In the [afternoon|morning] hours {product} is noticeably slower than [in the evening|at night].",
    ],
    details: &[
        "Our [line|connection] measures {n} Mbit/s, so [that is hardly the reason|it should be enough].",
        "The [memory use|processor load] of the tab climbs to {n} %.",
        "We [imported|added] about {big} records [recently|last month], [perhaps it is related|in case that matters].",
        "[The smaller workspace|A test account] is [quick|fast], only the large one is slow.",
        "A colleague in {city} sees [the same|similar] waiting times.",
    ],
    asks: &[
        "Is there [a setting|anything] that makes it faster?",
        "Please have a look at [the load of our instance|our workspace].",
        "Would [an index|archiving old records|a bigger plan] help?",
        "What response times [should we expect|are normal]?",
    ],
};

pub(super) const CRASH: Texts = Texts {
    subjects: &[
        "{product} [crashes|closes by itself] when [creating|opening] a report",
        "Crash with code {code} in {product}",
        "[Application|Program] stops when printing [a list|the monthly report]",
        "{product} {version} closes without a message",
        "[Unexpected shutdown|Crash] of {product} on {device}",
    ],
    facts: &[
        "When I [create|build] a report over more than {small} months, {product} [crashes|closes without a word].",
        "{product} {version} [crashes|quits] as soon as I [open|attach] {file}.",
        "[Every second|Nearly every] time I switch to the chart view the program [stops responding|hangs and then closes].",
        "After [entering|picking] a date filter, a window with code {code} appears and {product} is gone.",
        "The [editor|preview] shuts down while I am typing, and [the last changes are lost|about {n} minutes of work are lost].",
        "Printing the [summary|overview] ends in a crash, [but only|mostly] with landscape pages.",
    ],
    details: &[
        "The crash log names module {code}.",
        "It happened {small} times [today|this week], [without a pattern I can see|always at the same step].",
        "[Short reports|Smaller files] work [fine|without trouble].",
        "I [can send|have kept] the log file ({big} KB) [if you need it|for you].",
        "The event viewer lists {code} at {clock}.",
    ],
    asks: &[
        "Is this a known [bug|defect] and is there a [fix|patch]?",
        "Where do I [upload|send] the crash log?",
        "Can I [recover|restore] the [unsaved|lost] work somehow?",
        "Please tell me [how to avoid it|a workaround] until it is fixed.",
    ],
};

pub(super) const SYNC: Texts = Texts {
    subjects: &[
        "[Sync|Synchronisation] between {product} and [the calendar|our shop|the ERP] stuck",
        "Records [missing|duplicated] after sync",
        "Data in {product} [not up to date|out of date]",
        "{product}: [contacts|orders] do not sync",
        "Sync [status|queue] shows {n} pending items",
    ],
    facts: &[
        "The sync between {product} and our [ERP|shop|calendar] [stays at|has been stuck at] {n} % {since}.",
        "[Contacts|Orders|Appointments] that we change in {product} do not show up [on the other side|in the second system].",
        "About {n} [records|customers] appear twice after the [nightly|hourly] sync.",
        "Since {day} the [stock figures|opening hours|price lists] in {product} are [a day|some hours] behind.",
        "A [colleague's|field worker's] tablet does not pick up changes from the office [any more|although it is online].",
        "The connector reports success, yet {n} of {big} entries [are missing|were skipped].",
    ],
    details: &[
        "The last [complete|good] run was on {day} at {clock}.",
        "The protocol says \"conflict {code}\".",
        "[Pausing and resuming|Reconnecting] the account [changes nothing|helps for an hour or so].",
        "Only [the second calendar|the archive folder|one branch, {city},] is affected.",
        "We [added|renamed] {small} custom fields [before that|on {day}].",
    ],
    asks: &[
        "How can we [trigger a full sync|start over] without losing data?",
        "Please [merge|remove] the duplicates [for us|on your side].",
        "Could you see [in your logs|from your end] what is blocking the queue?",
        "What is the [right|recommended] order to reconnect?",
    ],
};

pub(super) const API: Texts = Texts {
    subjects: &[
        "API [returns|answers with] {code} for [valid|correct] requests",
        "Webhook [deliveries|events] [missing|arrive twice]",
        "Question about the [rate limit|pagination] of the {product} API",
        "Integration of {product} with [our CRM|our shop system]",
        "[Token|API key] for the {product} integration [expired|rejected]",
    ],
    facts: &[
        "Our integration calls the {product} API [every {n} minutes|about {big} times a day] and some calls [return|come back with] {code}.",
        "The webhook for [new orders|changed contacts] [does not fire|is delivered twice] for part of the events.",
        "The API [ignores|does not respect] the page parameter when the filter has more than {small} values.",
        "We are [building|writing] a connector for {product} and the field [names|types] in the documentation differ from the answer.",
        "After renewing the [token|API key] requests of one client are [rejected|answered with {code}].",
        "The time stamps in the [export endpoint|event stream] [have no time zone|differ from those on the screen].",
    ],
    details: &[
        "Request id {code}, sent at {clock}.",
        "The client is [a small Python script|our middleware|a scheduled job] on {os}.",
        "In the [sandbox|test account] the same call [works|is fine].",
        "We stay far below the limit, about {big} calls [a day|an hour].",
        "The answer body is empty, the header says {code}.",
    ],
    asks: &[
        "Which [scope|permission] does the key need?",
        "Is the [documented|described] behaviour still [right|current]?",
        "Please [check|look up] the request in your logs.",
        "Is there [an example|a sample] for [paging|signatures]?",
    ],
};

pub(super) const UPDATE: Texts = Texts {
    subjects: &[
        "Update to {version} [fails|does not start]",
        "[Installing|Setting up] {product} on {os}",
        "{product} installer [stops|ends] with {code}",
        "[Question|Request] about the update to {version}",
        "Roll out of {product} {version} on {n} computers",
    ],
    facts: &[
        "The [installer|setup] of {product} {version} [stops|hangs] at {n} % on {os}.",
        "We would like to move from {version} to the [current|latest] release of {product} and [have some questions|need a plan].",
        "After the update {product} asks for the licence [again and again|at every start].",
        "On {n} [of our machines|laptops] the update is offered, on the others [it is not|nothing shows up].",
        "The [silent|unattended] installation ignores our [settings file|target folder].",
        "Since {version} the [add-in|plug-in] for the mail program is [missing|greyed out].",
    ],
    details: &[
        "The setup log ends with {code}.",
        "There are {n} GB free on the disk and I [am|work as] administrator.",
        "The old version was {version}.",
        "The machine is a {device}.",
        "Our [proxy|software distribution] [allows|lets through] your download address.",
    ],
    asks: &[
        "Could you send [an offline installer|the full package]?",
        "Which [steps|order] do you recommend for [{n} machines|a staged roll out]?",
        "Is it safe to [remove the old version first|install over the old one]?",
        "Please plan the [change|update] for us on {day} [evening|morning].",
    ],
};

pub(super) const FEATURE: Texts = Texts {
    subjects: &[
        "[Feature request|Suggestion|Idea]: [dark mode|keyboard shortcuts|bulk edit] in {product}",
        "[Wish|Request] for [more|better] filters in {product}",
        "Would love [templates|a calendar view|drag and drop]",
        "[Please add|Missing]: [undo|saved searches|custom colours]",
        "Feedback on {product} {version}",
    ],
    facts: &[
        "It would [help us a lot|be great] if {product} [could|would] [remember the last filter|group tasks by team|colour overdue items].",
        "Our {team} team [would love|is hoping for] a [calendar view|map|kanban board] in {product}.",
        "At the moment we [copy|re-type] {n} entries by hand because there is no [bulk edit|import for notes|template].",
        "A [shortcut|button] to [duplicate|archive] a record would save us [many clicks|about {n} clicks a day].",
        "Other tools let us [pin|star] important entries; in {product} I [could not find|miss] this.",
        "We like the new [layout|navigation] of {version}, [but|only] the [font is small|contrast is weak|icons look alike].",
    ],
    details: &[
        "About {n} people here would use it.",
        "[It does not need to be fancy|A simple version would do].",
        "I [saw|found] a similar wish in the forum with {n} votes.",
        "We are on the {plan} plan.",
        "[A sketch|A mock-up] is attached as {image}.",
    ],
    asks: &[
        "Is something like that [planned|on the roadmap]?",
        "Please [pass it on|forward this] to the [developers|product team].",
        "We would [gladly|happily] [test|try] a preview.",
        "Could you tell me whether [this exists already|there is a way today]?",
    ],
};

pub(super) const HOWTO: Texts = Texts {
    subjects: &[
        "How [do I|can we] [set up|configure] [roles|reminders|a second workspace] in {product}?",
        "Question about [permissions|custom fields|templates]",
        "[Setting|Option] for [number formats|working days|signatures]",
        "[Need|Looking for] [a guide|instructions] for {product}",
        "Change of [workflow|field] settings in {product}",
    ],
    facts: &[
        "I am [new to|just starting with] {product} and [look for|cannot find] the setting for [reminders|number formats|working days].",
        "We want [interns|external partners] to see only their own [projects|customers] in {product}.",
        "How do I [build|set up] a template with {small} [steps|columns] that [every team|all of {team}] can use?",
        "The [help page|manual] describes a menu that [my version does not have|looks different here].",
        "We need a [custom field|drop-down] with {n} values [for each contact|on every order].",
        "For the [new year|next quarter] we would like to change the [approval workflow|number ranges|folder structure].",
    ],
    details: &[
        "Version {version}, {plan} plan.",
        "I have [admin rights|the editor role].",
        "[The video|The article] on your site [stops before that point|is for an older version].",
        "We are {n} [people|users] in {small} teams.",
        "A colleague [managed it once|did this before], but [he has left|nobody remembers how].",
    ],
    asks: &[
        "Could you [point me to|send me] [the right page|a short guide]?",
        "Is a [call|screen share] possible [on {day}|this week]?",
        "Which [way|approach] do you recommend?",
        "Please [make the change for us|activate the option] if it needs an administrator.",
    ],
};

pub(super) const REPORTDATA: Texts = Texts {
    subjects: &[
        "[Figures|Totals] in the {product} report [look wrong|do not add up]",
        "[Chart|Statistics] differ from the list",
        "[Scheduled|Weekly] report [arrives empty|did not arrive]",
        "Currency in reports of {product}",
        "[Wrong|Odd] average in dashboard",
    ],
    facts: &[
        "The totals in the {product} report [differ from|do not match] the list by {n} [entries|orders].",
        "The [weekly|scheduled] report that goes to {team} [is empty|lacks the last {small} days].",
        "In the [chart|dashboard] the [average|sum] changes [each time I reload|when I only sort].",
        "Amounts in [dollars|pounds] are [added to|mixed with] those in euros in the [overview|summary].",
        "The filter \"this quarter\" [includes|counts] {n} days that belong to the one before.",
        "A [cancelled|deleted] order still counts in the statistics of {product}.",
    ],
    details: &[
        "The report's number is {ref}.",
        "By hand I get {big}, the report says {big}.",
        "[Last month|In {version}] it was still right.",
        "I compared it with {file}.",
        "It concerns the [branch|team] in {city} [only|for the most part].",
    ],
    asks: &[
        "How is the [figure|sum] [calculated|defined]?",
        "Please [correct|recalculate] the report [before {day}|soon].",
        "Is my [filter|reading] wrong, or is it a bug?",
        "Could you [explain|look into] the difference?",
    ],
};
