//! Puts a message together: greeting, sentences, ending, and the odd slip of the keyboard.

use super::dice::Dice;
use super::slots::Voice;
use super::texts::frames::{Frames, Setting};
use super::texts::{Language, Texts};
use domain::ticket::Priority;
use std::collections::BTreeSet;

/// How a ticket came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Channel {
    Mail,
    Web,
    Chat,
    Phone,
}

impl Channel {
    /// The name in tickets.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Mail => "mail",
            Self::Web => "web",
            Self::Chat => "chat",
            Self::Phone => "phone",
        }
    }

    /// A channel in the usual proportions.
    pub(super) fn draw(dice: &mut Dice) -> Self {
        match dice.below(100) {
            0..54 => Self::Mail,
            54..82 => Self::Web,
            82..93 => Self::Chat,
            _ => Self::Phone,
        }
    }
}

/// What a message says, besides the voice that says it.
pub(super) struct Matter<'a> {
    pub(super) texts: &'a Texts,
    pub(super) setting: Setting,
    pub(super) priority: Option<Priority>,
    pub(super) channel: Channel,
    /// Whether it is about something that has just begun.
    pub(super) incident: bool,
    /// Subjects and facts in place of the topic's own.
    pub(super) instead: Option<(&'a [&'a str], &'a [&'a str])>,
}

/// Subject (chats may have none) and body.
pub(super) fn message(
    matter: &Matter<'_>,
    voice: &mut Voice<'_>,
    dice: &mut Dice,
) -> (Option<String>, String) {
    let (subjects, facts) = matter.instead.unwrap_or((matter.texts.subjects, matter.texts.facts));
    let fact = render_one(facts, voice, dice);
    let subject = subject(subjects, &fact, voice, dice);
    let keeps_subject = matter.channel != Channel::Chat || dice.chance(0.4);
    let body = body(matter, fact, voice, dice);
    let slips = if dice.chance(0.14) { 1 + dice.below(2) } else { 0 };
    let body = (0..slips).fold(body, |text, _| slip(&text, dice));
    (keeps_subject.then(|| capitalise(&subject)), body)
}

/// Mostly the subject that has most in common with the fact, sometimes any.
fn subject(templates: &[&str], fact: &str, voice: &mut Voice<'_>, dice: &mut Dice) -> String {
    if dice.chance(0.15) {
        return render_one(templates, voice, dice);
    }
    let known = stems(fact);
    let first = dice.below(templates.len());
    let mut best = (0, String::new());
    for template in templates.iter().cycle().skip(first).take(templates.len()) {
        let text = render(template, voice, dice);
        let shared = 1 + stems(&text).iter().filter(|stem| known.contains(stem)).count();
        if shared > best.0 {
            best = (shared, text);
        }
    }
    best.1
}

/// The first four letters, in lower case, of every word that has as many.
fn stems(text: &str) -> Vec<[char; 4]> {
    let words = text.split(|c: char| !c.is_alphanumeric());
    let stem = |word: &str| -> Option<[char; 4]> {
        let mut letters = word.chars().flat_map(char::to_lowercase);
        Some([letters.next()?, letters.next()?, letters.next()?, letters.next()?])
    };
    let mut stems: Vec<_> = words.filter_map(stem).collect();
    stems.sort_unstable();
    stems.dedup();
    stems
}

fn body(matter: &Matter<'_>, fact: String, voice: &mut Voice<'_>, dice: &mut Dice) -> String {
    let frames = Frames::of(voice.language);
    let mut text = String::new();
    match matter.channel {
        Channel::Phone => text += &render_one(frames.phone_notes, voice, dice),
        Channel::Mail if dice.chance(0.88) => text = greeting(frames, "\n\n", dice),
        Channel::Web | Channel::Chat if dice.chance(0.35) => text = greeting(frames, "\n", dice),
        _ => {}
    }
    // A German sentence goes on in lower case after a greeting's comma.
    let mut goes_on = text.ends_with(",\n\n") || text.ends_with(",\n");
    for (index, sentence) in sentences(matter, fact, frames, voice, dice).iter().enumerate() {
        if index > 0 {
            text += if matter.channel == Channel::Mail && dice.chance(0.2) { "\n\n" } else { " " };
        }
        text +=
            &if goes_on && voice.language == Language::De { sentence.clone() } else { capitalise(sentence) };
        goes_on = false;
    }
    match matter.channel {
        Channel::Mail => text += &ending(frames, voice, dice),
        Channel::Web if dice.chance(0.4) => text = text + "\n" + dice.pick(frames.thanks),
        Channel::Chat if dice.chance(0.4) => text = text.to_lowercase(),
        _ => {}
    }
    text
}

fn greeting(frames: &Frames, space: &str, dice: &mut Dice) -> String {
    dice.pick(frames.greetings).to_owned() + space
}

fn sentences(
    matter: &Matter<'_>,
    fact: String,
    frames: &Frames,
    voice: &mut Voice<'_>,
    dice: &mut Dice,
) -> Vec<String> {
    let brief = matter.channel == Channel::Chat;
    let texts = matter.texts;
    let mut out = Vec::new();
    if matches!(matter.channel, Channel::Mail | Channel::Web) && dice.chance(0.25) {
        out.push(render_one(frames.openers, voice, dice));
    }
    out.push(fact);
    let mut middle = Vec::new();
    for p in if brief { [0.4, 0.0] } else { [0.75, 0.35] } {
        if dice.chance(p) {
            middle.push(dice.pick(texts.details));
        }
    }
    for p in if brief { [0.1, 0.0, 0.0] } else { [0.65, 0.4, 0.2] } {
        if dice.chance(p) {
            middle.push(dice.pick(frames.circumstances(matter.setting)));
        }
    }
    if matter.setting == Setting::Technical && !matter.incident && dice.chance(0.15) {
        middle.push(dice.pick(frames.earlier));
    }
    middle.extend(impact(matter, frames, dice));
    for i in (1..middle.len()).rev() {
        middle.swap(i, dice.below(i + 1));
    }
    let mut said = BTreeSet::new();
    middle.retain(|template| said.insert(*template));
    out.extend(middle.iter().map(|template| render(template, voice, dice)));
    if dice.chance(if brief { 0.5 } else { 0.85 }) {
        let asks = if dice.chance(0.65) { texts.asks } else { frames.asks };
        out.push(render_one(asks, voice, dice));
    }
    out
}

/// A sentence on urgency that fits the priority.
fn impact(matter: &Matter<'_>, frames: &Frames, dice: &mut Dice) -> Option<&'static str> {
    let (urgent, normal, calm) = match matter.priority? {
        Priority::Critical => (0.85, 0.05, 0.0),
        Priority::High => (0.45, 0.25, 0.0),
        Priority::Medium => (0.03, 0.4, 0.05),
        Priority::Low => (0.0, 0.15, 0.45),
        Priority::VeryLow => (0.0, 0.03, 0.7),
    };
    let chance = dice.unit();
    if chance < urgent {
        Some(dice.pick(frames.impact(matter.setting, true)))
    } else if chance < urgent + normal {
        Some(dice.pick(frames.impact(matter.setting, false)))
    } else if chance < urgent + normal + calm && !matter.incident {
        Some(dice.pick(frames.calm))
    } else {
        None
    }
}

fn ending(frames: &Frames, voice: &Voice<'_>, dice: &mut Dice) -> String {
    let (first, last) = voice.own_name();
    let mut text = String::new();
    if dice.chance(0.5) {
        text = text + "\n\n" + dice.pick(frames.thanks);
    }
    if dice.chance(0.8) {
        text = text + "\n\n" + dice.pick(frames.endings);
    }
    match dice.below(4) {
        0 => text,
        1 => text + "\n" + first,
        _ => text + "\n" + first + " " + last,
    }
}

fn render_one(templates: &[&str], voice: &mut Voice<'_>, dice: &mut Dice) -> String {
    let template = dice.pick(templates);
    render(template, voice, dice)
}

/// Fills the slots of `template` and chooses among its alternatives.
pub(super) fn render(template: &str, voice: &mut Voice<'_>, dice: &mut Dice) -> String {
    let mut out = String::with_capacity(template.len() + 32);
    render_into(&mut out, template, voice, dice);
    out
}

fn render_into(out: &mut String, template: &str, voice: &mut Voice<'_>, dice: &mut Dice) {
    let mut rest = template;
    while let Some(at) = rest.find(['{', '[']) {
        out.push_str(&rest[..at]);
        let slot = rest[at..].starts_with('{');
        let after = &rest[at + 1..];
        let end = if slot { after.find('}') } else { closing(after) };
        let Some(end) = end else {
            out.push_str(&rest[at..]);
            return;
        };
        let inner = &after[..end];
        if slot {
            // A slot without a value would be a slip in the corpus; a test looks at every sentence.
            out.push_str(&voice.value(inner, dice).unwrap_or_default());
        } else {
            let options = alternatives(inner);
            let index = dice.below(options.len());
            render_into(out, options.get(index).copied().unwrap_or_default(), voice, dice);
        }
        rest = &after[end + 1..];
    }
    out.push_str(rest);
}

/// Where the bracket closes that opened just before `text`.
fn closing(text: &str) -> Option<usize> {
    let mut depth = 0;
    for (at, c) in text.char_indices() {
        match c {
            '[' => depth += 1,
            ']' if depth == 0 => return Some(at),
            ']' => depth -= 1,
            _ => {}
        }
    }
    None
}

/// The parts of `text` between `|` outside inner brackets.
fn alternatives(text: &str) -> Vec<&str> {
    let (mut depth, mut start, mut parts) = (0, 0, Vec::new());
    for (at, c) in text.char_indices() {
        match c {
            '[' => depth += 1,
            ']' => depth -= 1,
            '|' if depth == 0 => {
                parts.push(&text[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&text[start..]);
    parts
}

fn capitalise(text: &str) -> String {
    let mut chars = text.chars();
    match chars.next() {
        Some(first) => first.to_uppercase().chain(chars).collect(),
        None => String::new(),
    }
}

/// Swaps, drops or doubles one letter inside a word of at least five lower-case ASCII letters.
fn slip(text: &str, dice: &mut Dice) -> String {
    let mut bytes = text.as_bytes().to_vec();
    let start = dice.below(bytes.len());
    let inside = |at: usize| bytes.get(at..at + 5).is_some_and(|w| w.iter().all(u8::is_ascii_lowercase));
    let Some(at) = (start..bytes.len()).find(|at| inside(*at)) else { return text.to_owned() };
    match dice.below(3) {
        0 => bytes.swap(at + 2, at + 3),
        1 => {
            bytes.remove(at + 2);
        }
        _ => bytes.insert(at + 2, bytes[at + 2]),
    }
    // Only ASCII letters were moved, so it is still UTF-8.
    String::from_utf8(bytes).unwrap_or_else(|_| text.to_owned())
}
