use std::time::Instant;
fn main() {
    let path = std::env::args().nth(1).unwrap();
    let data = std::fs::read_to_string(path).unwrap();
    let rows: Vec<(String, String)> = data
        .lines()
        .map(|l| {
            let (a, b) = l.split_once('\t').unwrap();
            (a.replace("\\n", "\n"), b.replace("\\n", "\n"))
        })
        .collect();
    let bytes: usize = rows.iter().map(|r| r.0.len() + r.1.len()).sum();
    let t = Instant::now();
    let red: Vec<text::Redacted> = rows
        .iter()
        .map(|r| text::Redacted {
            subject: text::redact(&r.0).into_owned(),
            body: text::redact(&r.1).into_owned(),
        })
        .collect();
    let e = t.elapsed();
    println!(
        "{} rows {} B avg; redact {:.1} us/ticket",
        rows.len(),
        bytes / rows.len(),
        e.as_secs_f64() * 1e6 / rows.len() as f64
    );
    let t = Instant::now();
    let terms: Vec<Vec<String>> = red.iter().map(text::terms).collect();
    println!(
        "terms {:.1} us/ticket, {} avg",
        t.elapsed().as_secs_f64() * 1e6 / rows.len() as f64,
        terms.iter().map(Vec::len).sum::<usize>() / rows.len()
    );
    let joined: Vec<String> = red.iter().take(10000).map(|r| r.joined()).collect();
    let t = Instant::now();
    let c = text::similar::near_duplicates(&joined, 0.6);
    println!(
        "near dup 10k {:?}; {} clusters, top {:?}",
        t.elapsed(),
        c.len(),
        c.iter().take(5).map(Vec::len).collect::<Vec<_>>()
    );
    let t = Instant::now();
    let r = text::representative::representatives(&terms[..300], &Default::default(), 20);
    println!("repr {:?} {:?}", t.elapsed(), r.len());
    for unit in [
        "a@",
        "a.b@c.d",
        "http://",
        "www.",
        "eyJ",
        "1 ",
        "+1-",
        "DE89 ",
        "::",
        "-----BEGIN PRIVATE KEY-----",
        "-----BEGIN ",
        "password=",
        "-----BEGIN PRIVATE KEY----- -----END ",
    ] {
        let t = Instant::now();
        let text = unit.repeat(1_000_000 / unit.len());
        text::redact(&text);
        println!("{unit:?} {:?}", t.elapsed());
    }
    let mut counts = std::collections::BTreeMap::new();
    for r in &red {
        for w in r.joined().split('[').skip(1) {
            if let Some((p, _)) = w.split_once(']') {
                if p.len() < 12 {
                    *counts.entry(p.to_owned()).or_insert(0) += 1;
                }
            }
        }
    }
    println!("{:?}", counts.iter().filter(|c| *c.1 > 20).collect::<Vec<_>>());
    if std::env::args().nth(2).is_some() {
        for (r, d) in rows.iter().zip(&red) {
            if r.1 != d.body && !d.body.is_empty() {
                let a: Vec<&str> = r.1.split_whitespace().collect();
                for w in d.body.split_whitespace() {
                    if w.contains("[phone]")
                        || w.contains("[token]")
                        || w.contains("[card]")
                        || w.contains("[ip]")
                        || w.contains("[iban]")
                    {
                        if !r.1.contains(w) {
                            let d2: Vec<&str> = d.body.split_whitespace().collect();
                            let i = d2.iter().position(|x| *x == w).unwrap();
                            let ctx = d2[i.saturating_sub(2)..(i + 2).min(d2.len())].join(" ");
                            let j = a.iter().position(|x| i > 1 && *x == d2[i - 1]).unwrap_or(0);
                            println!("{ctx}   <=   {}", a[j..(j + 4).min(a.len())].join(" "));
                        }
                    }
                }
            }
        }
    }
}
