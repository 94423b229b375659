use std::process::Command;

use super::*;

fn options(folder: &Path) -> PostgresOptions {
    PostgresOptions {
        fsync: false,
        ..PostgresOptions::new(folder.join("postgres"))
    }
}

fn alive(pid: u32) -> bool {
    let state = std::fs::read_to_string(format!("/proc/{pid}/stat"));
    match state {
        Ok(text) => !text.contains(") Z "),
        Err(_) => Command::new("ps")
            .args(["-p", &pid.to_string()])
            .output()
            .unwrap()
            .status
            .success(),
    }
}

fn kill(pid: u32) {
    assert!(
        Command::new("kill")
            .args(["-9", &pid.to_string()])
            .status()
            .unwrap()
            .success()
    );
}

/// The data outlives a stop, the password stays, and a stop leaves no process.
#[test]
fn what_was_written_is_there_after_a_stop_and_a_start() {
    let folder = tempfile::tempdir().unwrap();
    let first = EmbeddedPostgres::start_blocking(&options(folder.path())).unwrap();
    first.server.query("CREATE TABLE kept (id int)").unwrap();
    let (pid, password) = (first.pid(), password_of(&first.url()));
    first.stop_blocking().unwrap();
    assert!(!alive(pid));

    let second = EmbeddedPostgres::start_blocking(&options(folder.path())).unwrap();
    second.server.query("INSERT INTO kept VALUES (1)").unwrap();
    assert_eq!(password_of(&second.url()), password);
    second.stop_blocking().unwrap();
}

fn password_of(url: &str) -> String {
    url.split(['@', ':']).nth(2).unwrap().to_owned()
}

/// A folder has one owner; the second is told so, and the first is not disturbed.
#[test]
fn a_folder_in_use_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let first = EmbeddedPostgres::start_blocking(&options(folder.path())).unwrap();
    let second = EmbeddedPostgres::start_blocking(&options(folder.path()));
    assert!(matches!(second, Err(PostgresError::InUse { .. })), "{second:?}");
    first.server.query("SELECT 1").unwrap();
}

/// `kill -9` of the postmaster leaves a pid file and perhaps sessions; the next start recovers what was committed.
#[test]
fn a_killed_postmaster_is_recovered() {
    let folder = tempfile::tempdir().unwrap();
    let killed = EmbeddedPostgres::start_blocking(&options(folder.path())).unwrap();
    killed.server.query("CREATE TABLE kept (id int)").unwrap();
    kill(killed.pid());
    drop(killed);
    let again = EmbeddedPostgres::start_blocking(&options(folder.path())).unwrap();
    again.server.query("INSERT INTO kept VALUES (1)").unwrap();
    again.stop_blocking().unwrap();
}

/// `kill -9` of the owner leaves the postmaster running; the next owner stops it and starts its own.
#[test]
fn the_postmaster_of_a_killed_owner_is_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let mut orphaned = EmbeddedPostgres::start_blocking(&options(folder.path())).unwrap();
    orphaned.server.query("CREATE TABLE kept (id int)").unwrap();
    let orphan = orphaned.pid();
    orphaned.server.forget();
    assert!(alive(orphan));

    let again = EmbeddedPostgres::start_blocking(&options(folder.path())).unwrap();
    assert_ne!(again.pid(), orphan);
    again.server.query("INSERT INTO kept VALUES (1)").unwrap();
    again.stop_blocking().unwrap();
    orphaned.server.reap();
}

/// After a restart of the machine the number in a pid file may be another process's.
#[test]
fn a_pid_file_that_names_a_stranger_does_not_stop_a_start() {
    let folder = tempfile::tempdir().unwrap();
    let first = EmbeddedPostgres::start_blocking(&options(folder.path())).unwrap();
    let cluster = first.server.data().to_owned();
    first.stop_blocking().unwrap();
    let stranger = std::os::unix::process::parent_id();
    std::fs::write(
        cluster.join("postmaster.pid"),
        format!("{stranger}\n{}\n", cluster.display()),
    )
    .unwrap();
    EmbeddedPostgres::start_blocking(&options(folder.path()))
        .unwrap()
        .stop_blocking()
        .unwrap();
    assert!(alive(stranger));
}

/// Dropping without a stop leaves no process behind.
#[tokio::test]
async fn a_dropped_server_ends_and_fresh_databases_are_empty() {
    let folder = tempfile::tempdir().unwrap();
    let server = EmbeddedPostgres::start(options(folder.path())).await.unwrap();
    let url = server.fresh_database("scratch").await.unwrap();
    assert!(url.contains("/scratch?host=/"), "{url}");
    assert_eq!(server.fresh_database("scratch").await.unwrap(), url);
    assert!(matches!(
        server.fresh_database("x\"; DROP").await,
        Err(PostgresError::Name(_))
    ));
    let debug = format!("{server:?} {}", server.origin());
    assert!(!debug.contains(&password_of(&url)), "the password is shown");
    let pid = server.pid();
    drop(server);
    assert!(!alive(pid));
}

/// TCP takes the password and nothing else; the port is the wanted one.
#[test]
fn the_wanted_port_is_used_and_a_taken_one_explained() {
    let folder = tempfile::tempdir().unwrap();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let wanted = PostgresOptions {
        port: Some(port),
        ..options(folder.path())
    };
    let refused = EmbeddedPostgres::start_blocking(&wanted).unwrap_err().to_string();
    assert!(
        refused.contains("postgres.log") && refused.contains("Address already in use"),
        "{refused}"
    );
    drop(taken);
    let server = EmbeddedPostgres::start_blocking(&wanted).unwrap();
    assert!(server.tcp_url().ends_with(&format!("@127.0.0.1:{port}/usance")));
    answers("127.0.0.1", port, Duration::from_secs(5)).unwrap();
}

/// A cluster without its password cannot be used by anybody; a new password must not be invented.
#[test]
fn a_lost_password_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let server = EmbeddedPostgres::start_blocking(&options(folder.path())).unwrap();
    let home = server.server.data().parent().unwrap().to_owned();
    server.stop_blocking().unwrap();
    std::fs::remove_file(home.join("password")).unwrap();
    let refused = EmbeddedPostgres::start_blocking(&options(folder.path()));
    assert!(
        matches!(refused, Err(PostgresError::PasswordLost { .. })),
        "{refused:?}"
    );
}
