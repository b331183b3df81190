//! What this machine has: programs on the path, and the line that installs what is missing.

use std::path::PathBuf;

/// The first program of one of these names on the path.
#[expect(clippy::disallowed_methods, reason = "programs are looked for where a shell looks for them")]
pub(super) fn program(names: &[&str]) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let directories: Vec<PathBuf> = std::env::split_paths(&path).collect();
    let in_one =
        |name: &&str| directories.iter().map(|directory| directory.join(name)).find(|file| file.is_file());
    names.iter().find_map(in_one)
}

/// What to type to get a Redis server here.
pub(super) fn install_line() -> &'static str {
    line_for(std::env::consts::OS, &std::fs::read_to_string("/etc/os-release").unwrap_or_default())
}

fn line_for(system: &str, os_release: &str) -> &'static str {
    if system == "macos" {
        return "brew install redis";
    }
    let values = |key: &'static str| os_release.lines().filter_map(move |line| line.strip_prefix(key));
    let names = values("ID=").chain(values("ID_LIKE="));
    for name in names.flat_map(|value| value.trim_matches('"').split_whitespace()) {
        match name {
            "debian" | "ubuntu" => return "sudo apt-get update && sudo apt-get install -y redis-server",
            "fedora" | "rhel" | "centos" => return "sudo dnf install -y valkey",
            "arch" => return "sudo pacman -S --noconfirm valkey",
            "alpine" => return "sudo apk add redis",
            _ => {}
        }
    }
    "install Redis 7.0 or newer (or Valkey) with your system's package tool, so that redis-server is on the PATH"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_system_gets_a_line_it_understands() {
        assert!(line_for("linux", "NAME=x\nID=debian\n").contains("apt-get"));
        assert!(line_for("linux", "ID=\"rocky\"\nID_LIKE=\"rhel centos fedora\"\n").contains("dnf"));
        assert!(line_for("macos", "").contains("brew"));
        assert!(line_for("linux", "").contains("package tool"));
    }

    #[test]
    fn programs_are_found_by_their_names() {
        assert!(program(&["no-such-program-here", "sh"]).is_some());
        assert!(program(&["no-such-program-here"]).is_none());
    }
}
