// What somebody probably meant: the nearest valid name.

/// The name of `names` that `name` most likely stands for; nil where none is near.
///
/// Nearness is the number of letters to insert, drop, change or swap with their neighbour, blind to case and
/// to `-` against `_`: one for short names, up to three for long ones. A beginning of at least three letters
/// stands for the shortest name it begins. Ties go to the alphabet.
public func nearest(to name: String, in names: some Sequence<String>) -> String? {
  let wanted = simplified(name)
  var best: (distance: Int, name: String)?
  for candidate in names {
    let known = simplified(candidate)
    let limit = max(1, min(3, max(wanted.count, known.count) / 3))
    var distance = editDistance(wanted, known)
    if distance > limit {
      guard wanted.count >= 3, known.starts(with: wanted) else { continue }
      distance = 3 + known.count
    }
    if let found = best, (found.distance, found.name) <= (distance, candidate) { continue }
    best = (distance, candidate)
  }
  return best?.name
}

private func simplified(_ name: String) -> [Character] { name.lowercased().map { $0 == "_" ? "-" : $0 } }

/// Insertions, deletions, substitutions and swaps of neighbours that lead from `a` to `b`.
private func editDistance(_ a: [Character], _ b: [Character]) -> Int {
  var beforeLast: [Int] = []
  var last = Array(0...b.count)
  for i in a.indices {
    var row = [i + 1]
    for j in b.indices {
      var distance = min(last[j + 1] + 1, row[j] + 1, last[j] + (a[i] == b[j] ? 0 : 1))
      if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] { distance = min(distance, beforeLast[j - 1] + 1) }
      row.append(distance)
    }
    (beforeLast, last) = (last, row)
  }
  return last[b.count]
}
