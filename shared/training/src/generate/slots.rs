//! Values for the `{slots}` of sentences: numbers, names, versions, times. All people, firms and products are
//! invented; telephone numbers are from the ranges reserved for fiction, addresses end in `.example`.

use super::dice::Dice;
use super::texts::Language;
use jiff::{ToSpan, civil::DateTime};

/// Products one can write about, most popular first.
pub(super) const SOFTWARE: [&str; 9] = [
    "Corvanta Desk",
    "Lumido Analytics",
    "Brightfold CRM",
    "Velumi Mobile",
    "Nortavo Pay",
    "Quellio Docs",
    "Tarnwave Sync",
    "Pixhaven Studio",
    "Ostaro Planner",
];
/// Devices one can write about.
pub(super) const HARDWARE: [&str; 4] =
    ["Halden Router X2", "Kestrin Scanner", "Orbitab Tablet", "Fjellan Dock"];

const DEVICES: [&str; 9] = [
    "Orbitab 11",
    "Tremont 14 laptop",
    "Kaldera X5 notebook",
    "Tremont Mini PC",
    "Velo phone 7",
    "Kaldera workstation",
    "Orbitab Pro",
    "Tremont 13 laptop",
    "Tremont 15 laptop",
];
const SYSTEMS: [&str; 8] = [
    "Windows 10",
    "Windows 11",
    "macOS 12",
    "macOS 13",
    "Ubuntu 22.04",
    "Debian 12",
    "Windows Server 2019",
    "Fedora 38",
];
const BROWSERS: [&str; 7] = ["Firefox", "Chrome", "Edge", "Safari", "Opera", "Vivaldi", "Brave"];
const CITIES: [&str; 18] = [
    "Leeds", "Bristol", "Leipzig", "Graz", "Basel", "Utrecht", "Dublin", "Bremen", "Boston", "Linz", "Cork",
    "Mainz", "Aarhus", "Denver", "Kassel", "Ghent", "Lyon", "Portland",
];
const TEAMS_EN: [&str; 12] = [
    "accounting",
    "purchasing",
    "the warehouse",
    "marketing",
    "logistics",
    "field service",
    "the front desk",
    "quality control",
    "inside sales",
    "research",
    "facility management",
    "dispatch",
];
const TEAMS_DE: [&str; 11] = [
    "Buchhaltung",
    "Einkauf",
    "Lager",
    "Marketing",
    "Logistik",
    "Außendienst",
    "Empfang",
    "Qualitätssicherung",
    "Vertriebsinnendienst",
    "Entwicklung",
    "Versand",
];
const FILES: [&str; 12] = [
    "notes.docx",
    "minutes.pdf",
    "export.xlsx",
    "list.csv",
    "scan.pdf",
    "error.txt",
    "orders.xml",
    "plan.docx",
    "log.zip",
    "offer.pdf",
    "budget.xlsx",
    "table.ods",
];
const IMAGES: [&str; 7] =
    ["screen.png", "IMG_2041.jpg", "Bild1.png", "photo2.jpg", "capture.png", "IMG_0077.jpg", "image001.png"];
const PLANS: [&str; 5] = ["Starter", "Team", "Business", "Plus", "Enterprise"];
const ITEMS_EN: [&str; 14] = [
    "desk lamp Lioro",
    "standing desk Torvo",
    "monitor arm Kelp 2",
    "headset Lynmark 30",
    "keyboard Tappa",
    "docking station Fjellan",
    "webcam Miro 4",
    "mesh chair Avenno",
    "label printer Kestrin",
    "toner set Halden",
    "backpack Norvik",
    "router Halden X2",
    "tablet case Orbi",
    "power bank Velo 20",
];
const ITEMS_DE: [&str; 13] = [
    "Tischlampe Lioro",
    "Stehtisch Torvo",
    "Monitorarm Kelp 2",
    "Headset Lynmark 30",
    "Tastatur Tappa",
    "Dockingstation Fjellan",
    "Webcam Miro 4",
    "Bürostuhl Avenno",
    "Etikettendrucker Kestrin",
    "Tonersatz Halden",
    "Rucksack Norvik",
    "Router Halden X2",
    "Tablethülle Orbi",
];
const DAYS_EN: [&str; 5] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday"];
const DAYS_DE: [&str; 5] = ["Montag", "Dienstag", "Mittwoch", "Donnerstag", "Freitag"];
const SINCE_EN: [&str; 8] = [
    "since yesterday",
    "since this morning",
    "since last week",
    "for two days",
    "for about a week",
    "since the weekend",
    "for some days",
    "for three days",
];
const SINCE_DE: [&str; 7] = [
    "seit gestern",
    "seit heute früh",
    "seit letzter Woche",
    "seit zwei Tagen",
    "seit etwa einer Woche",
    "seit dem Wochenende",
    "seit einigen Tagen",
];
const RECENT_EN: [&str; 4] = ["today", "this morning", "yesterday", "last night"];
const RECENT_DE: [&str; 3] = ["heute", "gestern", "heute früh"];
const FIRST_EN: [&str; 24] = [
    "Alice", "Ben", "Carla", "Daniel", "Emma", "Frank", "Grace", "Harry", "Isla", "Jack", "Karen", "Liam",
    "Megan", "Noah", "Olivia", "Peter", "Rachel", "Sam", "Tina", "Victor", "Wendy", "Zoe", "Omar", "Priya",
];
const LAST_EN: [&str; 24] = [
    "Archer", "Bennett", "Clarke", "Doyle", "Ellis", "Foster", "Grant", "Hughes", "Irving", "Jensen",
    "Keller", "Lambert", "Mason", "Norris", "Osborne", "Parker", "Quinn", "Reyes", "Shaw", "Turner", "Vance",
    "Walsh", "Young", "Zeller",
];
const FIRST_DE: [&str; 20] = [
    "Anna", "Bernd", "Claudia", "Dirk", "Eva", "Florian", "Gisela", "Holger", "Ines", "Jonas", "Katrin",
    "Lars", "Monika", "Nils", "Petra", "Ralf", "Sabine", "Thomas", "Ute", "Yusuf",
];
const LAST_DE: [&str; 20] = [
    "Albrecht", "Brandt", "Conrad", "Dietz", "Engel", "Fuchs", "Graf", "Hartmann", "Jung", "Krüger",
    "Lorenz", "Maurer", "Neumann", "Ott", "Pohl", "Reuter", "Seidel", "Thiel", "Vogt", "Yilmaz",
];
const FIRMS: [&str; 8] =
    ["arden", "birkmoor", "calvery", "dunholt", "elmstead", "fennwick", "garsdale", "holtby"];

/// What a message's values depend on, and the values that must stay the same all through it.
pub(super) struct Voice<'a> {
    pub(super) language: Language,
    pub(super) product: &'a str,
    /// Index of the customer.
    pub(super) customer: usize,
    /// When the message is written, in the stream's zone.
    pub(super) written: DateTime,
    /// When what it tells began, if that is known.
    pub(super) began: Option<DateTime>,
    /// Values given so far.
    pub(super) memory: Vec<(&'static str, String)>,
}

impl Voice<'_> {
    /// The customer's own name, always the same.
    pub(super) fn own_name(&self) -> (&'static str, &'static str) {
        let (firsts, lasts) = self.names();
        let first = firsts[self.customer % firsts.len()];
        let last = lasts[self.customer / firsts.len() % lasts.len()];
        (first, last)
    }

    fn names(&self) -> (&'static [&'static str], &'static [&'static str]) {
        match self.language {
            Language::En => (&FIRST_EN, &LAST_EN),
            Language::De => (&FIRST_DE, &LAST_DE),
        }
    }

    fn either<'b>(&self, dice: &mut Dice, en: &[&'b str], de: &[&'b str]) -> &'b str {
        dice.pick(if self.language == Language::En { en } else { de })
    }

    /// The value of `slot`; `None` when there is no such slot.
    pub(super) fn value(&mut self, slot: &str, dice: &mut Dice) -> Option<String> {
        let kept = KEPT.iter().find(|k| **k == slot);
        if let Some((_, value)) = self.memory.iter().find(|(name, _)| *name == slot) {
            return Some(value.clone());
        }
        let mut value = self.fresh(slot, dice)?;
        if slot == "plan" {
            let last = self.memory.iter().rfind(|(name, _)| *name == LAST_PLAN).map(|(_, v)| v.clone());
            while last.as_ref() == Some(&value) {
                value = dice.pick(&PLANS).to_owned();
            }
            self.memory.push((LAST_PLAN, value.clone()));
        }
        if let Some(kept) = kept {
            self.memory.push((kept, value.clone()));
        }
        Some(value)
    }

    fn fresh(&self, slot: &str, dice: &mut Dice) -> Option<String> {
        let (firsts, lasts) = self.names();
        Some(match slot {
            "product" => self.product.to_owned(),
            "version" => format!("{}.{}.{}", dice.between(2, 9), dice.below(12), dice.below(10)),
            "os" => dice.pick(&SYSTEMS).to_owned(),
            "browser" => dice.pick(&BROWSERS).to_owned(),
            "device" => dice.pick(&DEVICES).to_owned(),
            "city" => dice.pick(&CITIES).to_owned(),
            "team" => self.either(dice, &TEAMS_EN, &TEAMS_DE).to_owned(),
            "item" => self.either(dice, &ITEMS_EN, &ITEMS_DE).to_owned(),
            "file" => dice.pick(&FILES).to_owned(),
            "image" => dice.pick(&IMAGES).to_owned(),
            "plan" => dice.pick(&PLANS).to_owned(),
            "day" => self.either(dice, &DAYS_EN, &DAYS_DE).to_owned(),
            "since" => self.either(dice, &SINCE_EN, &SINCE_DE).to_owned(),
            "recentday" => self.either(dice, &RECENT_EN, &RECENT_DE).to_owned(),
            "code" => code(dice),
            "ref" => format!("{}{}-{}", letter(dice), letter(dice), dice.between(10_000, 99_999)),
            "small" => dice.between(2, 9).to_string(),
            "n" => dice.between(11, 89).to_string(),
            "big" => dice.between(110, 9_800).to_string(),
            "amount" => self.amount(dice),
            "order" => format!("{}{}", dice.pick(&["A-", "#", "ORD-", "BE"]), dice.between(100_000, 999_999)),
            "invoice" => format!("{}{}", dice.pick(&["INV-", "RE-", "R"]), dice.between(100_000, 999_999)),
            "custno" => format!("{}{}", dice.pick(&["K", "C-", ""]), 20_000 + self.customer * 7),
            "serial" => format!("{}{}{}", letter(dice), letter(dice), dice.between(1_000_000, 9_999_999)),
            "user" => format!("{}{}", dice.pick(firsts), dice.below(90)).to_lowercase(),
            "name" => format!("{} {}", dice.pick(firsts), dice.pick(lasts)),
            "lastname" => dice.pick(lasts).to_owned(),
            "email" => self.email(dice),
            "phone" => phone(dice),
            "clock" => self.clock(dice),
            "later" => self.later(dice),
            "recent" => self.recent(dice),
            "date" => self.date(dice),
            _ => return None,
        })
    }

    fn amount(&self, dice: &mut Dice) -> String {
        let (whole, cents) = (dice.between(9, 1_900), dice.pick(&["00", "90", "95", "50", "49", "20"]));
        match (self.language, dice.below(3)) {
            (Language::En, 0) => format!("${whole}.{cents}"),
            (Language::En, 1) => format!("{whole}.{cents} EUR"),
            (Language::En, _) => format!("£{whole}.{cents}"),
            (Language::De, 0) => format!("{whole},{cents} EUR"),
            (Language::De, _) => format!("{whole},{cents} €"),
        }
    }

    fn email(&self, dice: &mut Dice) -> String {
        let (first, last) = self.own_name();
        let plain = |s: &str| s.to_lowercase().replace('ü', "ue");
        format!("{}.{}@{}.example", plain(first), plain(last), dice.pick(&FIRMS))
    }

    /// Some time later on the day of writing, to the half hour.
    fn later(&self, dice: &mut Dice) -> String {
        let half_hour = (minute_of(self.written) + dice.between(60, 300)).min(23 * 60 + 30) / 30 * 30;
        format!("{:02}:{:02}", half_hour / 60, half_hour % 60)
    }

    /// Some time earlier on the day of writing.
    fn clock(&self, dice: &mut Dice) -> String {
        let minute = minute_of(self.written);
        let minute = (minute - dice.between(5, 240)).max(dice.between(0, 5));
        format!("{:02}:{:02}", minute / 60, minute % 60 / 5 * 5)
    }

    /// When it began, as people remember it: within ten minutes of the truth, and not after writing.
    fn recent(&self, dice: &mut Dice) -> String {
        let Some(began) = self.began else { return self.clock(dice) };
        let minute = (minute_of(began) + dice.between(-5, 10)).min(minute_of(self.written)).max(0);
        format!("{:02}:{:02}", minute / 60, minute % 60)
    }

    /// A date in the 30 days before writing.
    fn date(&self, dice: &mut Dice) -> String {
        let date = self.written.date();
        let date = date.checked_sub(dice.between(2, 30).days()).unwrap_or(date);
        match (self.language, dice.below(2)) {
            (Language::De, _) => format!("{}.{}.", date.day(), date.month()),
            (Language::En, 0) => date.to_string(),
            (Language::En, _) => format!("{}/{}", date.month(), date.day()),
        }
    }
}

/// Slots that keep their value within a message.
const KEPT: [&str; 10] =
    ["version", "os", "browser", "device", "city", "team", "item", "order", "invoice", "recent"];
const LAST_PLAN: &str = "last plan";

fn minute_of(at: DateTime) -> i64 {
    i64::from(at.hour()) * 60 + i64::from(at.minute())
}

fn letter(dice: &mut Dice) -> char {
    char::from(b'A' + dice.below(26) as u8)
}

fn code(dice: &mut Dice) -> String {
    match dice.below(3) {
        0 => format!("E-{}", dice.between(1_000, 9_999)),
        1 => format!("0x8007{:04X}", dice.below(65_536)),
        _ => format!("ERR_{}", dice.between(100, 999)),
    }
}

fn phone(dice: &mut Dice) -> String {
    match dice.below(3) {
        0 => format!("+49 30 23125 {:03}", dice.below(1_000)),
        1 => format!("+1 202 555 01{:02}", dice.below(100)),
        _ => format!("+44 20 7946 0{:03}", dice.below(1_000)),
    }
}
