//! What the built functions are made of.

use super::bootstrap::{FUNCTIONS, bootstrap, workspace};
use flate2::Compression;
use flate2::write::DeflateEncoder;
use object::Endianness;
use object::elf::{DT_NEEDED, FileHeader64, SHT_DYNSYM};
use object::read::elf::{FileHeader, SectionTable, Sym};
use std::collections::BTreeSet;
use std::io::Write;
use std::process::Command;

/// Libraries that a function may link: those of glibc, which nothing on the image runs without. The image of
/// provided.al2023 is that of AL2023's minimal container (docs.aws.amazon.com/linux/al2023/ug/lambda.html); whether
/// it has libgcc and libstdc++ is not written there, so neither is counted on.
const LIBRARIES: [&str; 7] = [
    "ld-linux-x86-64.so.2",
    "libc.so.6",
    "libdl.so.2",
    "libm.so.6",
    "libpthread.so.0",
    "librt.so.1",
    "libutil.so.1",
];
/// glibc of AL2023 (docs.aws.amazon.com/linux/al2023/ug/glibc-gcc-and-binutils.html).
const GLIBC: (u32, u32) = (2, 34);
/// Largest zip of each function, in bytes. Lambda fetches and unpacks it at a cold start.
const BUDGETS: [(&str, u64); 4] =
    [("ingest", 4_000_000), ("detect", 6_000_000), ("diagnose", 6_000_000), ("train", 8_000_000)];
/// What a zip adds to the deflated bytes of its one file: local header, central directory, end record.
const ZIP_OVERHEAD: u64 = 150;
/// Fragments of names of the C++ standard library and of LightGBM, which would be left in a stripped file too.
const CPLUSPLUS: [&str; 4] = ["LGBM_", "[LightGBM]", "GBDT::", "_ZNSt"];
/// Names of test doubles.
const DOUBLES: [&str; 6] = [
    "MemoryBackend",
    "MemoryBlobStore",
    "MemoryIncidentStore",
    "MemoryQueue",
    "MemoryReportStore",
    "MemoryTicketIndex",
];

/// What the dynamic linker reads of a file.
struct Linked {
    libraries: BTreeSet<String>,
    /// Versions that symbols of these libraries must have, such as `GLIBC_2.34`.
    versions: BTreeSet<String>,
    symbols: Vec<String>,
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn linked(data: &[u8]) -> object::read::Result<Linked> {
    let header = FileHeader64::<Endianness>::parse(data)?;
    let endian = header.endian()?;
    let sections: SectionTable<'_, FileHeader64<Endianness>> = header.sections(endian, data)?;
    let dynamic = sections.dynamic_table(endian, data)?;
    let mut libraries = BTreeSet::new();
    for entry in dynamic.iter().filter(|entry| entry.tag == DT_NEEDED) {
        libraries.insert(text(dynamic.string(entry)?));
    }
    let mut versions = BTreeSet::new();
    if let Some((needs, link)) = sections.gnu_verneed(endian, data)? {
        let strings = sections.strings(endian, data, link)?;
        for need in needs {
            for version in need?.1 {
                versions.insert(text(version?.name(endian, strings)?));
            }
        }
    }
    let table = sections.symbols(endian, data, SHT_DYNSYM)?;
    let strings = table.strings();
    let symbols =
        table.iter().map(|symbol| symbol.name(endian, strings).map(text)).collect::<Result<_, _>>()?;
    Ok(Linked { libraries, versions, symbols })
}

fn read(name: &str) -> Vec<u8> {
    std::fs::read(bootstrap(name)).unwrap()
}

/// The numbers of `GLIBC_2.34` or `GLIBC_2.2.5`; none of `GLIBC_PRIVATE`.
fn glibc(version: &str) -> Option<(u32, u32)> {
    let mut numbers = version.strip_prefix("GLIBC_")?.split('.').map(str::parse::<u32>);
    Some((numbers.next()?.ok()?, numbers.next()?.ok()?))
}

fn contains(data: &[u8], part: &str) -> bool {
    data.windows(part.len()).any(|window| window == part.as_bytes())
}

#[test]
fn what_functions_link_is_on_the_image() {
    for name in FUNCTIONS {
        let linked = linked(&read(name)).unwrap();
        println!("{name}: {:?}, {:?}", linked.libraries, linked.versions);
        for library in &linked.libraries {
            assert!(LIBRARIES.contains(&library.as_str()), "{name} links {library}");
        }
        assert!(linked.libraries.contains("libc.so.6"), "{name} is linked dynamically");
        for version in &linked.versions {
            let number = glibc(version);
            assert!(number.is_some_and(|number| number <= GLIBC), "{name} needs {version}");
        }
    }
}

#[test]
fn only_train_has_cplusplus() {
    for name in ["ingest", "detect", "diagnose"] {
        let data = read(name);
        let foreign = |symbol: &&String| symbol.starts_with("_ZNSt") || symbol.starts_with("_ZSt");
        let symbols = linked(&data).unwrap().symbols;
        assert_eq!(symbols.iter().find(foreign), None, "{name} has symbols of the C++ library");
        for part in CPLUSPLUS {
            assert!(!contains(&data, part), "{name} contains {part:?}");
        }
    }
    // The same look finds it where it is.
    assert!(contains(&read("train"), "[LightGBM]"), "train contains LightGBM");
}

#[test]
fn no_function_contains_a_test_double() {
    for name in FUNCTIONS {
        let data = read(name);
        for double in DOUBLES {
            assert!(!contains(&data, double), "{name} contains {double}");
        }
    }
}

#[test]
fn zips_are_within_their_budgets() {
    let mut over = Vec::new();
    for (name, budget) in BUDGETS {
        let data = read(name);
        let mut encoder = DeflateEncoder::new(Vec::new(), Compression::new(6));
        encoder.write_all(&data).unwrap();
        let zip = encoder.finish().unwrap().len() as u64 + ZIP_OVERHEAD;
        println!("{name}: {:.2} MB, zip {:.2} of {:.2} MB", mb(data.len() as u64), mb(zip), mb(budget));
        if zip > budget {
            over.push(name);
        }
    }
    assert!(over.is_empty(), "over budget: {over:?}");
}

fn mb(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}

/// Names and versions of everything that is built into a function.
fn tree(name: &str) -> BTreeSet<(String, String)> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let listed = Command::new(cargo)
        .current_dir(workspace())
        .args(["tree", "--offline", "--locked", "--edges", "normal", "--prefix", "none", "--format", "{p}"])
        .args(["--target", "x86_64-unknown-linux-gnu", "--package", name])
        .output()
        .expect("run cargo");
    assert!(listed.status.success(), "{}", String::from_utf8_lossy(&listed.stderr));
    let listed = String::from_utf8(listed.stdout).unwrap();
    let mut found = BTreeSet::new();
    for line in listed.lines().filter(|line| !line.is_empty()) {
        let mut words = line.split(' ');
        found.insert((words.next().unwrap().to_owned(), words.next().unwrap_or_default().to_owned()));
    }
    found
}

#[test]
fn each_function_has_one_tls_stack_and_nothing_of_tests() {
    for name in FUNCTIONS {
        let tree = tree(name);
        let versions = |name: &str| -> Vec<&str> {
            tree.iter().filter(|(found, _)| found == name).map(|(_, version)| version.as_str()).collect()
        };
        assert_eq!(versions("rustls").len(), 1, "{name}: rustls {:?}", versions("rustls"));
        assert_eq!(versions("aws-lc-rs").len(), 1, "{name}: aws-lc-rs {:?}", versions("aws-lc-rs"));
        let hyper = versions("hyper");
        assert!(matches!(hyper[..], [version] if version.starts_with("v1.")), "{name}: hyper {hyper:?}");
        for second in ["native-tls", "openssl", "openssl-sys", "ring", "hyper-rustls-ring", "s2n-tls"] {
            assert!(versions(second).is_empty(), "{name} is built with {second}");
        }
        for test in ["testing", "tests", "proptest", "insta", "tempfile"] {
            assert!(versions(test).is_empty(), "{name} is built with {test}");
        }
        let trains = name == "train";
        assert_eq!(!versions("lightgbm3").is_empty(), trains, "only train is built with lightgbm3: {name}");
    }
}

#[test]
fn versions_of_glibc_are_numbers() {
    assert_eq!(glibc("GLIBC_2.2.5"), Some((2, 2)));
    assert!(glibc("GLIBC_2.36").unwrap() > GLIBC && glibc("GLIBC_2.4").unwrap() < GLIBC);
    assert_eq!(glibc("GLIBC_PRIVATE").or(glibc("GCC_3.0")), None);
}
