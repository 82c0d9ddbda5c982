//! The command `trunksim`.

fn main() -> std::process::ExitCode {
    trunksim::cli::main()
}
