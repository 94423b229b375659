//! The `usance` binary with its crash points.

fn main() -> std::process::ExitCode {
    server::cli::main()
}
