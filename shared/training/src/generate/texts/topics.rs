//! What customers write about on ordinary days, and which fields go with it.

use super::frames::Setting::{self, Commerce, Device, Office, Technical};
use super::{Language, Texts, de_commerce, de_office, de_software, en_commerce, en_office, en_software};

/// Queues with their share of all tickets in percent, largest first.
pub(crate) const QUEUES: [(&str, f64); 10] = [
    ("Technical Support", 29.0),
    ("Product Support", 19.0),
    ("Customer Service", 15.0),
    ("IT Support", 12.0),
    ("Billing and Payments", 10.0),
    ("Returns and Exchanges", 5.0),
    ("Service Outages and Maintenance", 4.0),
    ("Sales and Pre-Sales", 3.0),
    ("Human Resources", 2.0),
    ("General Inquiry", 1.0),
];

/// Ticket types, in the order of [`Topic::types`].
pub(crate) const TYPES: [&str; 4] = ["Incident", "Request", "Problem", "Change"];

/// A subject of tickets.
pub(crate) struct Topic {
    /// What it is, for people who read a failing test.
    #[cfg_attr(not(test), expect(dead_code, reason = "only tests name topics"))]
    pub(crate) name: &'static str,
    /// Which circumstances fit.
    pub(crate) setting: Setting,
    /// Weight within each queue that gets it.
    pub(crate) queues: &'static [(&'static str, u32)],
    /// Weights of [`TYPES`].
    pub(crate) types: [u32; 4],
    /// Weights of critical, high, medium, low, very low.
    pub(crate) priorities: [u32; 5],
    /// The first tag always, the others now and then, less often the later they stand.
    pub(crate) tags: &'static [&'static str],
    /// English sentences.
    pub(crate) en: Texts,
    /// German sentences.
    pub(crate) de: Texts,
}

impl Topic {
    /// The sentences of `language`.
    pub(crate) fn texts(&self, language: Language) -> &Texts {
        match language {
            Language::En => &self.en,
            Language::De => &self.de,
        }
    }
}

const TECH: &str = "Technical Support";
const PRODUCT: &str = "Product Support";
const CUSTOMER: &str = "Customer Service";
const IT: &str = "IT Support";
const BILLING: &str = "Billing and Payments";
const RETURN: &str = "Returns and Exchanges";
const SERVICE: &str = "Service Outages and Maintenance";
const PRESALES: &str = "Sales and Pre-Sales";
const PERSONNEL: &str = "Human Resources";
const INQUIRY: &str = "General Inquiry";

/// Every topic.
pub(crate) const TOPICS: &[Topic] = &[
    Topic {
        name: "login",
        setting: Technical,
        queues: &[(TECH, 13), (CUSTOMER, 20), (IT, 12), (PRODUCT, 4)],
        types: [64, 18, 16, 2],
        priorities: [9, 43, 38, 8, 2],
        tags: &["Login", "Account", "Security", "Technical"],
        en: en_software::LOGIN,
        de: de_software::LOGIN,
    },
    Topic {
        name: "performance",
        setting: Technical,
        queues: &[(TECH, 15), (PRODUCT, 12), (IT, 6)],
        types: [54, 5, 36, 5],
        priorities: [6, 40, 43, 9, 2],
        tags: &["Performance", "Technical", "Software", "Database", "Network", "Feedback"],
        en: en_software::PERFORMANCE,
        de: de_software::PERFORMANCE,
    },
    Topic {
        name: "crash",
        setting: Technical,
        queues: &[(TECH, 14), (PRODUCT, 9)],
        types: [62, 3, 34, 1],
        priorities: [13, 54, 27, 5, 1],
        tags: &["Crash", "Bug", "Technical", "Software", "Disruption"],
        en: en_software::CRASH,
        de: de_software::CRASH,
    },
    Topic {
        name: "sync",
        setting: Technical,
        queues: &[(TECH, 14), (PRODUCT, 12)],
        types: [58, 6, 32, 4],
        priorities: [6, 42, 42, 8, 2],
        tags: &["Integration", "Technical", "Software", "Bug", "Disruption"],
        en: en_software::SYNC,
        de: de_software::SYNC,
    },
    Topic {
        name: "api",
        setting: Technical,
        queues: &[(TECH, 14), (PRODUCT, 9)],
        types: [50, 20, 26, 4],
        priorities: [5, 36, 44, 12, 3],
        tags: &["Integration", "Technical", "Documentation", "Bug"],
        en: en_software::API,
        de: de_software::API,
    },
    Topic {
        name: "update",
        setting: Technical,
        queues: &[(TECH, 14), (PRODUCT, 8), (IT, 10)],
        types: [40, 24, 18, 18],
        priorities: [3, 26, 48, 18, 5],
        tags: &["Software", "Technical", "Configuration", "Maintenance", "Bug"],
        en: en_software::UPDATE,
        de: de_software::UPDATE,
    },
    Topic {
        name: "feature",
        setting: Technical,
        queues: &[(PRODUCT, 17), (CUSTOMER, 5)],
        types: [2, 56, 5, 37],
        priorities: [0, 6, 40, 36, 18],
        tags: &["Feature", "Feedback", "Software"],
        en: en_software::FEATURE,
        de: de_software::FEATURE,
    },
    Topic {
        name: "how-to",
        setting: Technical,
        queues: &[(PRODUCT, 17), (CUSTOMER, 12), (INQUIRY, 20)],
        types: [4, 56, 8, 32],
        priorities: [0, 14, 45, 29, 12],
        tags: &["Configuration", "Documentation", "Software", "Feature"],
        en: en_software::HOWTO,
        de: de_software::HOWTO,
    },
    Topic {
        name: "report data",
        setting: Technical,
        queues: &[(PRODUCT, 12), (TECH, 6)],
        types: [44, 8, 44, 4],
        priorities: [3, 36, 46, 12, 3],
        tags: &["Bug", "Software", "Database", "Documentation"],
        en: en_software::REPORTDATA,
        de: de_software::REPORTDATA,
    },
    Topic {
        name: "access",
        setting: Office,
        queues: &[(IT, 16), (TECH, 2)],
        types: [8, 60, 4, 28],
        priorities: [2, 26, 48, 18, 6],
        tags: &["Account", "Security", "Employee", "Configuration"],
        en: en_office::ACCESS,
        de: de_office::ACCESS,
    },
    Topic {
        name: "hardware",
        setting: Device,
        queues: &[(IT, 14), (TECH, 5)],
        types: [54, 22, 22, 2],
        priorities: [4, 36, 44, 12, 4],
        tags: &["Hardware", "Technical", "Disruption"],
        en: en_office::HARDWARE,
        de: de_office::HARDWARE,
    },
    Topic {
        name: "printer",
        setting: Device,
        queues: &[(IT, 12), (TECH, 2)],
        types: [54, 20, 25, 1],
        priorities: [2, 26, 50, 17, 5],
        tags: &["Hardware", "Network", "Technical", "Configuration"],
        en: en_office::PRINTER,
        de: de_office::PRINTER,
    },
    Topic {
        name: "vpn",
        setting: Device,
        queues: &[(IT, 14), (TECH, 6)],
        types: [54, 14, 28, 4],
        priorities: [6, 44, 38, 9, 3],
        tags: &["Network", "Security", "Technical", "Disruption"],
        en: en_office::VPN,
        de: de_office::VPN,
    },
    Topic {
        name: "database",
        setting: Device,
        queues: &[(IT, 9), (TECH, 6)],
        types: [36, 28, 22, 14],
        priorities: [8, 44, 38, 8, 2],
        tags: &["Database", "Performance", "Technical", "Maintenance"],
        en: en_office::DATABASE,
        de: de_office::DATABASE,
    },
    Topic {
        name: "security",
        setting: Office,
        queues: &[(IT, 8), (TECH, 4), (CUSTOMER, 3)],
        types: [62, 24, 12, 2],
        priorities: [18, 50, 24, 6, 2],
        tags: &["Security", "Network", "Technical", "Account"],
        en: en_office::SECURITY,
        de: de_office::SECURITY,
    },
    Topic {
        name: "maintenance",
        setting: Technical,
        queues: &[(SERVICE, 100)],
        types: [62, 20, 12, 6],
        priorities: [16, 42, 32, 8, 2],
        tags: &["Maintenance", "Outage", "Disruption", "Network", "Technical"],
        en: en_office::MAINTENANCE,
        de: de_office::MAINTENANCE,
    },
    Topic {
        name: "hr",
        setting: Office,
        queues: &[(PERSONNEL, 100)],
        types: [6, 74, 8, 12],
        priorities: [0, 14, 46, 28, 12],
        tags: &["Employee", "Documentation", "Account"],
        en: en_office::HR,
        de: de_office::HR,
    },
    Topic {
        name: "account",
        setting: Commerce,
        queues: &[(CUSTOMER, 16), (INQUIRY, 15)],
        types: [6, 54, 6, 34],
        priorities: [0, 14, 46, 28, 12],
        tags: &["Account", "Security", "Feedback"],
        en: en_commerce::ACCOUNT,
        de: de_commerce::ACCOUNT,
    },
    Topic {
        name: "shipping",
        setting: Commerce,
        queues: &[(CUSTOMER, 22), (RETURN, 15)],
        types: [54, 28, 14, 4],
        priorities: [2, 32, 46, 16, 4],
        tags: &["Shipping", "Feedback", "Disruption"],
        en: en_commerce::SHIPPING,
        de: de_commerce::SHIPPING,
    },
    Topic {
        name: "complaint",
        setting: Commerce,
        queues: &[(CUSTOMER, 12), (INQUIRY, 10)],
        types: [30, 30, 36, 4],
        priorities: [3, 38, 40, 14, 5],
        tags: &["Feedback", "Account", "Technical"],
        en: en_commerce::COMPLAINT,
        de: de_commerce::COMPLAINT,
    },
    Topic {
        name: "invoice",
        setting: Commerce,
        queues: &[(BILLING, 36)],
        types: [26, 46, 24, 4],
        priorities: [2, 24, 50, 18, 6],
        tags: &["Billing", "Payment", "Account", "Documentation"],
        en: en_commerce::INVOICE,
        de: de_commerce::INVOICE,
    },
    Topic {
        name: "payment",
        setting: Commerce,
        queues: &[(BILLING, 24)],
        types: [48, 26, 22, 4],
        priorities: [5, 44, 40, 9, 2],
        tags: &["Payment", "Billing", "Account", "Security"],
        en: en_commerce::PAYMENT,
        de: de_commerce::PAYMENT,
    },
    Topic {
        name: "refund",
        setting: Commerce,
        queues: &[(BILLING, 20), (RETURN, 20)],
        types: [32, 42, 24, 2],
        priorities: [2, 34, 46, 14, 4],
        tags: &["Refund", "Payment", "Billing", "Returns"],
        en: en_commerce::REFUND,
        de: de_commerce::REFUND,
    },
    Topic {
        name: "subscription",
        setting: Commerce,
        queues: &[(BILLING, 20), (CUSTOMER, 10), (PRESALES, 20)],
        types: [3, 46, 3, 48],
        priorities: [0, 14, 50, 27, 9],
        tags: &["Billing", "Account", "Sales", "Feature"],
        en: en_commerce::SUBSCRIPTION,
        de: de_commerce::SUBSCRIPTION,
    },
    Topic {
        name: "returns",
        setting: Commerce,
        queues: &[(RETURN, 65)],
        types: [34, 46, 18, 2],
        priorities: [1, 26, 48, 19, 6],
        tags: &["Returns", "Shipping", "Refund", "Hardware"],
        en: en_commerce::RETURNS,
        de: de_commerce::RETURNS,
    },
    Topic {
        name: "sales",
        setting: Commerce,
        queues: &[(PRESALES, 80), (INQUIRY, 10)],
        types: [1, 90, 1, 8],
        priorities: [0, 18, 48, 26, 8],
        tags: &["Sales", "Feature", "Feedback"],
        en: en_commerce::SALES,
        de: de_commerce::SALES,
    },
    Topic {
        name: "general",
        setting: Office,
        queues: &[(INQUIRY, 45)],
        types: [2, 92, 3, 3],
        priorities: [0, 4, 36, 40, 20],
        tags: &["Feedback", "Documentation", "Sales"],
        en: en_commerce::GENERAL,
        de: de_commerce::GENERAL,
    },
];
