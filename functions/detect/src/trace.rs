//! Lambda's trace header as W3C trace context.

/// `00-<trace>-<span>-<flags>` of a header such as
/// `Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1`; `None` when it names no span.
pub fn traceparent(header: &str) -> Option<String> {
    let field = |name: &str| {
        let mut fields = header.split(';').filter_map(|field| field.trim().split_once('='));
        fields.find(|(found, _)| *found == name).map(|(_, value)| value.trim().to_ascii_lowercase())
    };
    let root = field("Root")?;
    let (seconds, rest) = root.strip_prefix("1-")?.split_once('-')?;
    let parent = field("Parent")?;
    let is_id = |text: &str, digits: usize| {
        text.len() == digits && text.bytes().all(|b| b.is_ascii_hexdigit()) && text.bytes().any(|b| b != b'0')
    };
    let trace = format!("{seconds}{rest}");
    if seconds.len() != 8 || !is_id(&trace, 32) || !is_id(&parent, 16) {
        return None;
    }
    let flags = if field("Sampled").as_deref() == Some("1") { "01" } else { "00" };
    Some(format!("00-{trace}-{parent}-{flags}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_becomes_a_traceparent() {
        let header = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1";
        let wanted = "00-5759e988bd862e3fe1be46a994272793-53995c3f42cd8ad8";
        assert_eq!(traceparent(header), Some(format!("{wanted}-01")));
        let unsampled = header.replace("Sampled=1", "Sampled=0;Lineage=25:a87bd80c:1");
        assert_eq!(traceparent(&unsampled), Some(format!("{wanted}-00")));
        let turned = "Parent=53995C3F42CD8AD8; Root=1-5759e988-bd862e3fe1be46a994272793";
        assert_eq!(traceparent(turned), Some(format!("{wanted}-00")));
    }

    #[test]
    fn what_names_no_span_becomes_none() {
        for header in [
            "",
            "Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=0",
            "Root=1-5759e988-bd862e3fe1be46a99427279;Parent=53995c3f42cd8ad8",
            "Root=1-5759e98-8bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8",
            "Root=2-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8",
            "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=0000000000000000",
            "Root=1-00000000-000000000000000000000000;Parent=53995c3f42cd8ad8",
            "Root=1-5759e988-bd862e3fe1be46a99427279ü;Parent=53995c3f42cd8ad8",
        ] {
            assert_eq!(traceparent(header), None, "{header}");
        }
    }
}
