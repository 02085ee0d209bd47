//! Data folders that are damaged, full or read-only.

use super::fixture::{DETECT_FROM, Kind, copy, detected, files, put};
use super::program::run;
use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

const LOOK: [&str; 3] = ["reports", "list", "--json"];

#[test]
fn a_damaged_database_is_told_and_left_alone() {
    let dir = detected(Kind::Quiet);
    let path = dir.path().join("data/anomalyze.db");
    let whole = fs::read(&path).unwrap();
    let noise: Vec<u8> =
        (0..whole.len() as u64).map(|i| (i.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 56) as u8).collect();
    for (bytes, part) in [
        (noise, "is no database"),
        (whole[..5000].to_vec(), "is damaged"),
        ([&whole[..100], &vec![0xa5; whole.len() - 100]].concat(), "damaged"),
    ] {
        let _ = fs::remove_file(path.with_extension("db-wal"));
        fs::write(&path, &bytes).unwrap();
        run(dir.path(), &LOOK).fails(&["anomalyze.db", part, "restore it"]);
        run(dir.path(), &["import", "generated/tickets.csv"]).fails(&["anomalyze.db", part]);
        assert!(fs::read(&path).unwrap() == bytes, "a database that is refused is left as it was");
    }
    fs::write(&path, whole).unwrap();
    run(dir.path(), &LOOK).ok();
}

#[test]
fn a_database_of_a_newer_program_is_refused() {
    let dir = copy(Kind::Quiet);
    let path = dir.path().join("data/anomalyze.db");
    let _ = fs::remove_file(path.with_extension("db-wal"));
    let mut bytes = fs::read(&path).unwrap();
    // Offset 60 of SQLite's header is the user version, big-endian.
    bytes[60..64].copy_from_slice(&99u32.to_be_bytes());
    fs::write(&path, bytes).unwrap();
    run(dir.path(), &LOOK).fails(&["schema version 99", "newer release"]);
}

fn artifacts(dir: &Path) -> Vec<PathBuf> {
    files(&dir.join("data/objects/models"), "artifact.json.zst")
}

fn pointer(dir: &Path) -> (PathBuf, Value) {
    let path = dir.join("data/objects/models/v1/default/current.json");
    let value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    (path, value)
}

fn current(dir: &Path) -> PathBuf {
    let id = pointer(dir).1["current"]["id"].as_str().unwrap().to_owned();
    dir.join(format!("data/objects/models/v1/default/{id}/artifact.json.zst"))
}

/// Cuts a file in the middle.
fn cut(path: &Path) {
    let bytes = fs::read(path).unwrap();
    put(path, &bytes[..bytes.len() / 2]);
}

/// Changes one bit.
fn flip(path: &Path) {
    let mut bytes = fs::read(path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    put(path, bytes);
}

#[test]
fn a_damaged_artifact_gives_way_to_the_one_before() {
    let dir = copy(Kind::Outage);
    let at = dir.path();
    run(at, &["train", "--until", "2023-10-02"]).ok();
    assert_eq!(artifacts(at).len(), 2);
    flip(&current(at));
    let done = run(at, &["detect", "--now", DETECT_FROM]).ok();
    assert!(
        done.err.contains("the previous model is in use") && done.err.contains("checksum"),
        "{}",
        done.err
    );
    let before = pointer(at).1["previous"]["id"].as_str().unwrap().to_owned();
    flip(&at.join(format!("data/objects/models/v1/default/{before}/artifact.json.zst")));
    run(at, &["detect", "--now", DETECT_FROM]).fails(&["artifact.json.zst", "checksum", "damaged"]);
    // Training makes a new one; the damaged ones do not stand in its way.
    run(at, &["train", "--until", "2023-10-03"]).ok();
}

#[test]
fn a_damaged_artifact_without_another_is_an_error() {
    let dir = copy(Kind::Outage);
    let at = dir.path();
    flip(&current(at));
    run(at, &["detect", "--now", DETECT_FROM]).fails(&["artifact.json.zst", "checksum", "restore it"]);
    fs::remove_file(current(at)).unwrap();
    run(at, &["detect", "--now", DETECT_FROM]).fails(&["artifact is missing"]);
    let (path, _) = pointer(at);
    put(&path, "{\"version\": 1, \"current\":");
    run(at, &["detect", "--now", DETECT_FROM]).fails(&["current.json", "EOF"]);
    fs::remove_file(path).unwrap();
    run(at, &["detect", "--now", DETECT_FROM]).fails(&["train one first"]);
}

#[test]
fn another_format_is_refused() {
    let dir = copy(Kind::Outage);
    let at = dir.path();
    let path = current(at);
    let whole = fs::read(&path).unwrap();
    let mut artifact: Value = serde_json::from_slice(&zstd::decode_all(&whole[..]).unwrap()).unwrap();
    for (field, value, part) in
        [("version", json!(2), "format version 2"), ("stream", json!("other"), "belongs to stream \"other\"")]
    {
        let before = artifact[field].take();
        artifact[field] = value;
        let bytes = zstd::encode_all(&serde_json::to_vec(&artifact).unwrap()[..], 1).unwrap();
        artifact[field] = before;
        let (pointer_path, mut pointer) = pointer(at);
        pointer["current"]["sha256"] = models::checksum(&bytes).into();
        put(&path, bytes);
        put(&pointer_path, pointer.to_string());
        run(at, &["detect", "--now", DETECT_FROM]).fails(&["artifact.json.zst", part]);
    }
    let (pointer_path, mut pointer) = pointer(at);
    pointer["version"] = 7.into();
    put(&pointer_path, pointer.to_string());
    run(at, &["detect", "--now", DETECT_FROM]).fails(&["current.json", "format version 7"]);
}

#[test]
fn a_damaged_state_names_itself_and_can_be_deleted() {
    let dir = copy(Kind::Outage);
    let at = dir.path();
    run(at, &["detect", "--now", DETECT_FROM]).ok();
    let path = at.join("data/objects/state/v1/default/detector.json.zst");
    cut(&path);
    run(at, &["detect", "--now", DETECT_FROM]).fails(&["detector.json.zst", "delete or restore it"]);
    fs::remove_file(path).unwrap();
    run(at, &["detect", "--now", DETECT_FROM]).ok();
}

#[test]
fn a_damaged_ticket_object_is_named_by_every_step() {
    let dir = copy(Kind::Outage);
    let at = dir.path();
    let mut objects = files(&at.join("data/objects/tickets"), "date=2023-10-05/hour=10");
    let object = objects.remove(0);
    let key = object.strip_prefix(at.join("data/objects")).unwrap().to_str().unwrap().to_owned();
    run(at, &["detect", "--from", DETECT_FROM, "--to", "2023-10-05T15:00"]).ok();
    let whole = fs::read(&object).unwrap();
    put(&object, "this is no compressed object");
    run(at, &["diagnose", "--date", "2023-10-05"]).fails(&[&key, "delete or restore it"]);
    let done = run(at, &["diagnose"]).fails(&[&key, "given up", "delete or restore it"]);
    assert!(done.out.contains("nothing to diagnose"), "{}", done.out);
    put(&object, &whole);
    cut(&object);
    run(at, &["diagnose", "--date", "2023-10-05"]).fails(&[&key]);
    put(&object, whole);
    run(at, &["diagnose", "--date", "2023-10-05"]).ok();
}

#[test]
fn a_damaged_rollup_is_named() {
    let dir = copy(Kind::Outage);
    let at = dir.path();
    cut(&at.join("data/objects/rollups/v1/default/date=2023-10-02/day.json.zst"));
    run(at, &["detect", "--now", DETECT_FROM])
        .fails(&["date=2023-10-02/day.json.zst", "delete or restore it"]);
}

/// A file system of 8 MiB; goes away with the value.
struct SmallDisk(PathBuf);

impl SmallDisk {
    fn mount(at: &Path) -> Self {
        fs::create_dir_all(at).unwrap();
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", "size=8m", "tmpfs"]).arg(at).output();
        let why = "only root can mount a small disk: run this test as root, in a container that may mount";
        assert!(mounted.expect(why).status.success(), "{why}");
        Self(at.to_owned())
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(&self.0).status();
    }
}

#[test]
fn a_full_disk_says_so_and_loses_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let at = dir.path();
    let generated = super::fixture::tickets(Kind::Outage);
    let disk = SmallDisk::mount(&at.join("data"));
    let filler = at.join("data/filler");
    fs::write(&filler, vec![0; 5 << 20]).unwrap();
    let file = generated.to_str().unwrap();
    run(at, &["import", file]).fails(&["disk is full", "free space under", "data"]);
    fs::remove_file(filler).unwrap();
    // The same folder goes on where there is room again.
    let roomy = tempfile::tempdir().unwrap();
    super::fixture::copy_folder(&at.join("data"), &roomy.path().join("data"));
    drop(disk);
    let summary = run(roomy.path(), &["import", file, "--json"]).ok().json()[0].take();
    let number = |name: &str| summary[name].as_u64().unwrap();
    assert_eq!(number("landed") + number("duplicates"), number("read"), "{summary}");
    assert_eq!(super::kill::counts(roomy.path()).tickets, number("read"));
}

#[test]
fn a_read_only_folder_says_what_to_allow() {
    let dir = copy(Kind::Quiet);
    let at = dir.path();
    // Root may write where modes forbid it: a read-only mount binds everybody.
    let data = at.join("data");
    let mount = |args: &[&str]| {
        let done = Command::new("mount").args(args).arg(&data).output();
        let why = "only root can mount read-only: run this test as root, in a container that may mount";
        assert!(done.expect(why).status.success(), "{why}");
    };
    mount(&["--bind", data.to_str().unwrap()]);
    let unmount = SmallDisk(data.clone());
    mount(&["-o", "remount,bind,ro"]);
    let import = run(at, &["import", "generated/tickets.csv"]);
    let detect = run(at, &["detect", "--now", DETECT_FROM]);
    drop(unmount);
    for done in [import, detect] {
        done.fails(&["data", "ead"]);
    }
}
