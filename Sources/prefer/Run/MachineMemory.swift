// How much memory a run may count on: what was given to it, not what happens to be free.

import Foundation

/// The memory of the machine, or of the container the process runs in.
enum MachineMemory {
  /// In bytes: `$PREFER_MEMORY` where it is set, else the smallest limit there is.
  ///
  /// The same on every run of the same machine, so that what is chosen from it is, too.
  ///
  /// - Throws: `CommandFailure` where `$PREFER_MEMORY` says nothing that can be understood.
  static func byteCount(
    _ environment: [String: String] = ProcessInfo.processInfo.environment
  ) throws(CommandFailure) -> Double {
    if let given = environment["PREFER_MEMORY"] {
      guard let own = bytes(given) else {
        throw CommandFailure(
          .usage,
          "PREFER_MEMORY is '\(given)'; give a number of bytes, or one with kB, MB, GB or TB, such as 16GB")
      }
      return own
    }
    return ([Double(ProcessInfo.processInfo.physicalMemory)] + containerLimits).min() ?? 0
  }

  /// `16GB`, `800 MB` or a number of bytes.
  static func bytes(_ text: String) -> Double? {
    let trimmed = text.filter { !$0.isWhitespace }
    for (unit, factor) in [("kB", 1e3), ("MB", 1e6), ("GB", 1e9), ("TB", 1e12), ("", 1)]
    where trimmed.hasSuffix(unit) {
      guard let number = Double(trimmed.dropLast(unit.count)), number > 0, number.isFinite else { return nil }
      return number * factor
    }
    return nil
  }

  /// The limits of the control groups around this process, second version and first.
  private static var containerLimits: [Double] {
    let groups = (try? String(contentsOfFile: "/proc/self/cgroup", encoding: .utf8)) ?? ""
    var files: [String] = []
    for line in groups.split(separator: "\n") {
      let fields = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
      guard fields.count == 3 else { continue }
      let isSecond = fields[0] == "0"
      guard isSecond || fields[1].split(separator: ",").contains("memory") else { continue }
      let root = isSecond ? "/sys/fs/cgroup" : "/sys/fs/cgroup/memory"
      let name = isSecond ? "memory.max" : "memory.limit_in_bytes"
      var path = fields[2]
      while true {
        files.append("\(root)\(path == "/" ? "" : path)/\(name)")
        guard let slash = path.lastIndex(of: "/"), path.count > 1 else { break }
        path = slash == path.startIndex ? "/" : path[..<slash]
      }
    }
    return files.compactMap { file in
      (try? String(contentsOfFile: file, encoding: .utf8)).flatMap { bytes($0) }
    }
  }
}
