//! English: orders, money and customers.

use super::Texts;

pub(super) const ACCOUNT: Texts = Texts {
    subjects: &[
        "[Change|Update] of [our address|contact person|company name]",
        "Please [delete|close] [my|our] account",
        "[Merge|Combine] two customer accounts",
        "[Newsletter|Mail] settings",
        "Customer number {custno}: [new mail address|changed details]",
    ],
    facts: &[
        "Our company has [moved to {city}|changed its name], please [update|change] the address [on file|in your records].",
        "I have two accounts with you and would like to [merge|combine] them.",
        "The new contact for our contract is {name}, [no longer me|starting {day}].",
        "Please [delete|close] my account and [all data|everything that belongs to it].",
        "I still [get|receive] the newsletter although I [unsubscribed|opted out] {small} times.",
        "The [mail address|phone number] in my profile is wrong and [cannot be changed|the field is greyed out].",
    ],
    details: &[
        "Customer number {custno}.",
        "The old address was in {city}.",
        "The [form|profile page] says {code}.",
        "I use {product} [privately|for my club|for our small firm].",
    ],
    asks: &[
        "Could you [do|change] that for me?",
        "Please confirm [in writing|by mail].",
        "What do you need from [me|us]?",
        "How long does [that|it] take?",
    ],
};

pub(super) const SHIPPING: Texts = Texts {
    subjects: &[
        "Where is [my|our] order {order}?",
        "[Parcel|Delivery] [late|overdue]: {order}",
        "Tracking of {order} [has not moved|shows nothing]",
        "[Change|Wrong] delivery address for order {order}",
        "[Part|One box] of the delivery missing",
    ],
    facts: &[
        "Order {order} was [due|promised] on {day} and [has not arrived|is still on its way].",
        "The tracking of my {item} [has not moved|stands still] for {small} days.",
        "We received {small} of {n} boxes, the one with the {item} [is missing|did not come].",
        "The parcel with the {item} was [left with a neighbour I do not know|returned to the sender], [nobody rang|I was at home all day].",
        "I [mistyped|forgot] the house number for order {order}, can the address still be [changed|corrected]?",
        "Can I [have|get] order {order} delivered to [our office in {city}|a parcel shop] instead?",
    ],
    details: &[
        "The tracking number is {serial}.",
        "Ordered on {date}.",
        "The carrier's hotline [sent me to you|knows nothing of it].",
        "It is a [present|birthday present] for {day}.",
        "The shop shows \"in preparation\" {since}.",
    ],
    asks: &[
        "When will it [come|arrive]?",
        "Please [start|open] an inquiry with the carrier.",
        "Could you send [a replacement|it again]?",
        "Please tell me [where it is|the new date].",
    ],
};

pub(super) const COMPLAINT: Texts = Texts {
    subjects: &[
        "[Disappointed with|Complaint about] your [service|hotline]",
        "No answer to my [mail|request] {code}",
        "[Unfriendly|Unhelpful] [call|chat] on {day}",
        "[Third|Second] reminder: [still waiting|please answer]",
        "[Thanks|Praise] for [quick|friendly] help",
    ],
    facts: &[
        "I wrote to you {small} times about [the same matter|request {ref}] and [got no answer|only received automatic replies].",
        "I spent {n} minutes in your [hotline|waiting queue] before [the call was cut off|somebody answered].",
        "The [technician|visit] was announced for {day} between eight and twelve and [nobody came|came hours later].",
        "Your colleague [promised|told me on {day}] a call back that [never came|I am still waiting for].",
        "The answers I got about {product} [contradict each other|do not fit my question].",
        "I want to [thank|praise] your colleague [in the chat|on the phone] who solved my {product} question in {n} minutes.",
    ],
    details: &[
        "My reference is {ref}.",
        "I have been a customer for {small} years.",
        "I spoke with [a Mr|a Ms] {lastname}.",
        "The first mail was on {date}.",
    ],
    asks: &[
        "Please [call me back|get in touch] under {phone}.",
        "I expect [an answer|a reply] by {day}.",
        "Please pass this to [your manager|the person in charge].",
        "How do you [want|intend] to [solve|settle] this?",
    ],
};

pub(super) const INVOICE: Texts = Texts {
    subjects: &[
        "[Invoice|Bill] {invoice}: [wrong amount|question]",
        "[Copy|PDF] of invoice {invoice}",
        "VAT number [missing|wrong] on invoice {invoice}",
        "Invoice [address|recipient] [wrong|to be changed]",
        "[Reminder|Dunning letter] although [paid|settled]",
    ],
    facts: &[
        "Invoice {invoice} shows {amount}, but [our order|the offer] says {amount}.",
        "We [cannot find|never got] invoice {invoice} for [last month|the {plan} plan].",
        "On invoice {invoice} our [VAT number|purchase order number] is [missing|wrong].",
        "You sent a reminder over {amount}, though we [paid|transferred] it on {date}.",
        "Please send [future|all] invoices to {email} [as PDF|and not by post].",
        "Invoice {invoice} lists {small} [licences|items] that we [never ordered|sent back].",
    ],
    details: &[
        "Our customer number is {custno}.",
        "The transfer carried the [text|reference] {order}.",
        "Our bookkeeping [closes|needs it] on {day}.",
        "The cost centre should be {big}.",
        "The [discount|rebate] of {n} % is [missing|not applied].",
    ],
    asks: &[
        "Please send a corrected [invoice|version].",
        "Could you [explain|break down] the [amount|items]?",
        "Please [cancel|take back] the reminder.",
        "Whom can our accountant [call|ask]?",
    ],
};

pub(super) const PAYMENT: Texts = Texts {
    subjects: &[
        "Card [declined|not accepted] [for the renewal|at renewal]",
        "[Change|New] payment method",
        "[Direct debit|SEPA mandate] for {custno}",
        "Payment for order {order} [not shown|still open]",
        "[Bank transfer|Payment by transfer] possible?",
    ],
    facts: &[
        "My [new|company] card is [declined|not accepted] when I want to pay {amount} for {product}.",
        "We want to change from card to [direct debit|bank transfer] for our {plan} plan.",
        "The payment of {amount} for order {order} [left our account|was debited] on {date}, your portal [still says open|does not show it].",
        "The bank returned the direct debit because [the account was changed|of a wrong number].",
        "The checkout [accepts|takes] no [foreign|second] card for [the renewal|{item}].",
        "I get the message {code} when I [save|enter] the card [details|number].",
    ],
    details: &[
        "The bank says [everything is in order|there is no block].",
        "The [limit|balance] is high enough.",
        "Customer number {custno}.",
        "The new card is valid from {day}.",
    ],
    asks: &[
        "Please [assign|book] the payment.",
        "Can you send [a payment link|the bank details]?",
        "Is there [another way|an alternative] to pay?",
        "Please do not [suspend|block] the account [meanwhile|until this is clear].",
    ],
};

pub(super) const REFUND: Texts = Texts {
    subjects: &[
        "Refund for order {order} [outstanding|not arrived]",
        "[When|Where] is my refund of {amount}?",
        "[Cancelled|Cancellation of] {product}: money back",
        "[Partial|Wrong] refund for {item}",
        "Credit note [missing|not received]",
    ],
    facts: &[
        "I [cancelled|returned] order {order} {n} days ago and the refund of {amount} [has not arrived|is not on my account].",
        "You refunded {amount} for the {item}, but I [paid|was charged] {amount}.",
        "I cancelled {product} within the trial and was [still charged|billed] {amount}.",
        "The credit note for invoice {invoice} [is missing|did not reach us].",
        "The refund went to [a card I no longer have|the wrong account].",
    ],
    details: &[
        "The return was [confirmed|registered] on {date}.",
        "My bank sees no incoming payment.",
        "Your mail promised {small} to [10|14] working days.",
        "Return number {ref}.",
    ],
    asks: &[
        "Please [transfer|refund] the [amount|difference].",
        "When can I [expect|count on] the money?",
        "Please send [a credit note|proof of the transfer].",
        "Which account did it go to?",
    ],
};

pub(super) const SUBSCRIPTION: Texts = Texts {
    subjects: &[
        "[Upgrade|Downgrade|Change] to the {plan} plan",
        "[Cancel|Termination of] subscription {custno}",
        "[Add|Remove] {n} [licences|seats]",
        "Renewal of {product} [terms|price]",
        "[Trial|Test phase] of {product}",
    ],
    facts: &[
        "We would like to [move|switch] from the {plan} to the {plan} plan [from next month|as soon as possible].",
        "Please [add|remove] {n} [licences|seats] [for|of] {product} [from {day}|next month].",
        "I [hereby cancel|want to cancel] my subscription to {product} [at the next possible date|by the end of the term].",
        "The renewal price for {product} [is {n} % higher|differs from the offer].",
        "Our trial of {product} ends on {day}, [can it be extended|we need another week].",
        "We pay for {n} seats but [use|need] only {small} of them.",
    ],
    details: &[
        "Contract number {custno}.",
        "Payment is [yearly|monthly].",
        "The administrator is {name}.",
        "We have been customers for {small} years.",
    ],
    asks: &[
        "Please confirm the [change|date].",
        "What [would|does] that cost?",
        "Does the [data|history] stay?",
        "From when does the new price [apply|count]?",
    ],
};

pub(super) const RETURNS: Texts = Texts {
    subjects: &[
        "[Return|Exchange] of order {order}",
        "{item} [arrived damaged|has a scratch]",
        "[Wrong|Other] {item} delivered",
        "Return label for {order}",
        "Exchange {item} for [another size|another colour]",
    ],
    facts: &[
        "The {item} from order {order} [arrived damaged|came with a crack|has a scratch on the front].",
        "I ordered a {item} and [got|received] [another colour|a different model].",
        "I would like to [exchange|swap] the {item} for [a larger size|the black one].",
        "The {item} does not [fit|suit us], I want to [return|send back] it within the [14|30|60] days.",
        "The return label for order {order} [cannot be printed|leads to an empty page].",
        "I sent back the {item} {n} days ago and [the portal does not show it|have no confirmation].",
    ],
    details: &[
        "The box was [intact|dented on one side].",
        "[Photos are|A photo is] attached as {image}.",
        "It is unused and in [the original box|its packaging].",
        "Delivered on {date}.",
        "Return number {ref}.",
    ],
    asks: &[
        "Please send [a return label|a new label].",
        "Can I have [a replacement|an exchange] instead of the money?",
        "Who pays for the [return|postage]?",
        "What is the [next step|procedure]?",
    ],
};

pub(super) const SALES: Texts = Texts {
    subjects: &[
        "[Quote|Offer] for {n} licences of {product}",
        "[Demo|Presentation] of {product}",
        "[Discount|Terms] for [schools|charities|resellers]",
        "Comparison of the {plan} and {plan} plans",
        "[Pre-sales|Technical] question before buying {product}",
    ],
    facts: &[
        "We are [looking for|comparing] a solution for {n} [users|people] and would like [an offer|a quote] for {product}.",
        "Can you show us {product} in a [short|live] demo, [preferably on {day}|next week if possible]?",
        "We are a [school|charity|small agency] in {city}, are there [special terms|discounts]?",
        "Before we decide: does {product} [run on {os}|support single currencies per branch|import from spreadsheets]?",
        "We want to resell {product} in [our region|{city}] and look for [terms|a contact].",
    ],
    details: &[
        "Our budget is [about|up to] {amount}.",
        "A decision is due on {day}.",
        "Today we use [spreadsheets|a tool of our own].",
        "The {plan} plan looks right for us.",
    ],
    asks: &[
        "Please send [an offer|prices] to {email}.",
        "Who is our contact?",
        "Could someone call me under {phone}?",
        "Is there a trial for {n} days?",
    ],
};

pub(super) const GENERAL: Texts = Texts {
    subjects: &[
        "[Opening hours|Address] of your {city} office",
        "[Question|Inquiry] about [partnership|your event]",
        "[School project|Thesis] on {product}",
        "[Press|Interview] request",
        "Lost [glove|umbrella] at your event",
    ],
    facts: &[
        "Is your office in {city} open on {day}?",
        "I am writing a [thesis|school project] and would like to ask {small} questions about {product}.",
        "Our [club|association] is looking for a [partner|sponsor] for an event in {city}.",
        "Will the talks of your event be [recorded|online]?",
        "Which [languages|countries] do you [serve|support]?",
    ],
    details: &["About {n} people would come.", "I found no answer on your site.", "It is not urgent."],
    asks: &[
        "Whom may I [contact|ask]?",
        "Thank you for a short [answer|note].",
        "Could you let me know [by mail|some time this week]?",
    ],
};
