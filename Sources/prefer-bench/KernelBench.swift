// Times matrix products on the shapes of a 135M-parameter model against the micro-kernel's own peak.

import VectorKernels

/// Measures products on one thread and on all.
struct KernelBench {
  /// How long each measurement lasts.
  let seconds: Double
  /// Only this many threads, where given.
  let threads: Int?
  /// Only this instruction set, and only products whose line contains this text, where given.
  let set: String?, match: String?

  /// Rows (tokens), output columns and depth of the products that training spends its time in.
  private static let shapes: [(rows: Int, columns: Int, depth: Int)] = [256, 1024, 4096].flatMap { rows in
    [(rows, 576, 576), (rows, 1536, 576), (rows, 576, 1536), (rows, 49152, 576)]
      .filter { rows < 4096 || $0.1 < 49152 }
      .map { (rows: $0.0, columns: $0.1, depth: $0.2) }
  }

  func run() -> KernelReport {
    let all = KernelPool.shared.threads
    var report = KernelReport()
    for set in InstructionSet.supported where self.set == nil || set.rawValue == self.set {
      let peaks = (float: peak(set, false), pairs: set.hasPairs ? peak(set, true) : 0)
      for count in threads.map({ [$0] }) ?? (all > 1 ? [1, all] : [1]) {
        KernelPool.configure(threads: count)
        for shape in Self.shapes where set == InstructionSet.current || shape.columns < 49152 {
          for kind in ProductBench.Kind.allCases where set.hasPairs || !kind.isPaired {
            let name = "\(kind.rawValue) \(shape.rows)x\(shape.depth)x\(shape.columns)"
            if let match, !name.contains(match) { continue }
            let rate = ProductBench(shape.rows, shape.columns, shape.depth, kind, set).rate(
              seconds, count == 1 ? processorTime : wallTime)
            let peak = (kind.usesPairs(set) ? peaks.pairs : peaks.float) * Double(count)
            report.rows.append(
              .init(
                set: set.rawValue, threads: count, kind: kind.rawValue, rows: shape.rows,
                columns: shape.columns, depth: shape.depth, rate: rate, share: rate / peak))
          }
        }
      }
      report.peaks.append((set.rawValue, peaks.float, peaks.pairs))
    }
    KernelPool.configure(threads: all)
    return report
  }

  /// The best rate of the micro-kernel alone on panels in the first-level cache, in floating-point operations
  /// per second and core.
  private func peak(_ set: InstructionSet, _ inPairs: Bool) -> Double {
    let tile = MicroKernel(set, inPairs: inPairs)
    return tile.operations / processorTime(max(1, seconds)) { tile.run() }
  }
}

/// What was measured.
struct KernelReport {
  /// One product.
  struct Row {
    let set: String, threads: Int, kind: String
    let rows: Int, columns: Int, depth: Int
    /// Floating-point operations per second.
    let rate: Double
    /// Of the micro-kernel's peak times the number of threads.
    let share: Double
  }

  var rows: [Row] = []
  /// Of each instruction set: its name and the peaks of a core in operations per second.
  var peaks: [(set: String, float: Double, pairs: Double)] = []

  /// For people.
  var table: String {
    var lines = peaks.map {
      "\($0.set): micro-kernel peak \(rounded($0.float / 1e9)) GFLOP/s float32, "
        + "\(rounded($0.pairs / 1e9)) bfloat16 pairs"
    }
    for row in rows {
      let shape = "\(row.rows)x\(row.depth) . \(row.depth)x\(row.columns)"
      let name = "\(row.set) \(row.threads) \(row.kind) \(shape)"
      let gap = String(repeating: " ", count: max(1, 58 - name.count))
      lines.append(name + gap + "\(rounded(row.rate / 1e9)) GFLOP/s  \(rounded(row.share * 100)) %")
    }
    return lines.joined(separator: "\n")
  }

  /// For programs.
  var json: String {
    let peaks = peaks.map {
      #"{"set":"\#($0.set)","float32":\#($0.float),"bfloat16Pairs":\#($0.pairs)}"#
    }
    let rows = rows.map {
      #"{"set":"\#($0.set)","threads":\#($0.threads),"kind":"\#($0.kind)","rows":\#($0.rows),"#
        + #""columns":\#($0.columns),"depth":\#($0.depth),"rate":\#($0.rate),"share":\#($0.share)}"#
    }
    return #"{"peaks":[\#(peaks.joined(separator: ","))],"products":[\#(rows.joined(separator: ","))]}"#
  }

  private func rounded(_ x: Double) -> String {
    let tenths = Int((x * 10).rounded())
    return "\(tenths / 10).\(tenths % 10)"
  }
}
