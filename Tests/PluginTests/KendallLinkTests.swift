// The Kendall link against forty-digit arithmetic, and its properties at and around margin 0.

import Foundation
import Testing

@testable import MallowsPOLosses

@Suite struct KendallLinkTests {
  /// `lambda, margin, loss, slope`, computed with mpmath at 120 digits from g's printed form.
  static let table: [[Double]] = {
    let path = URL(filePath: #filePath).deletingLastPathComponent()
      .appending(path: "../Fixtures/losses/kendall_link.csv").standardized
    let text = (try? String(contentsOf: path, encoding: .utf8)) ?? ""
    return text.split(separator: "\n").dropFirst().map { line in
      line.split(separator: ",").compactMap { Double($0) }
    }
  }()

  @Test func `value and slope are right to the last digits for every φ and margin`() {
    #expect(Self.table.count == 204)
    for row in Self.table {
      let link = KendallLink(lambda: row[0], smoothing: 0)
      let (loss, slope) = (link.loss(row[1]), link.slope(row[1]))
      #expect(abs(loss - row[2]) <= 2e-14 * abs(row[2]), "λ=\(row[0]) z=\(row[1]): \(loss), not \(row[2])")
      #expect(abs(slope - row[3]) <= 2e-13 * abs(row[3]), "λ=\(row[0]) z=\(row[1]): \(slope), not \(row[3])")
    }
  }

  @Test(arguments: [0.01, 0.1, 0.5, 0.9, 0.99])
  func `margin 0 takes the right branch`(_ phi: Double) {
    let link = KendallLink(lambda: -log(phi), smoothing: 0)
    #expect(abs(link.loss(0) + log(1 / (1 - phi) + 1 / log(phi))) < 1e-10)
    #expect(link.loss(0) == link.loss(1e-300) && link.slope(0) < 0)
    #expect(link.loss(-1e-300) > link.loss(0))
  }

  @Test(arguments: [0.001, 0.3, 0.5, 0.9, 0.999])
  func `a margin of 1 wins with probability 1/(1+φ)`(_ phi: Double) {
    #expect(abs(KendallLink(lambda: -log(phi), smoothing: 0).loss(1) - log1p(phi)) < 1e-14)
  }

  @Test(arguments: [1e-9, 0.2, 1, 4], [0.01, 0.2, 1])
  func `the joint has the values and slopes of both branches at its ends`(_ lambda: Double, _ delta: Double) {
    let (bare, smooth) = (
      KendallLink(lambda: lambda, smoothing: 0), KendallLink(lambda: lambda, smoothing: delta)
    )
    for end in [delta, -delta] {
      let inside = end * (1 - 1e-15)
      #expect(abs(smooth.loss(inside) - bare.loss(end)) <= 1e-12 * bare.loss(end))
      #expect(abs(smooth.slope(inside) - bare.slope(end)) <= 1e-9 * abs(bare.slope(end)))
    }
    #expect(abs(smooth.loss(0) - log(2)) < 1e-15)
  }

  @Test(arguments: [1e-9, 0.5, 1, 5, 40, 600], [0.01, 1, 5])
  func `the joint decreases throughout and stays finite`(_ lambda: Double, _ delta: Double) {
    let link = KendallLink(lambda: lambda, smoothing: delta)
    let margins = stride(from: -1.2 * delta, through: delta, by: delta / 50)
    let slopes = margins.map { link.slope($0) }
    #expect(slopes.allSatisfy { $0 < 0 && $0.isFinite })
    let losses = margins.map { link.loss($0) }
    #expect(zip(losses, losses.dropFirst()).allSatisfy { $0 > $1 && $0.isFinite })
  }

  @Test func `no agreement at all teaches nothing`() {
    let link = KendallLink(lambda: 0, smoothing: 0)
    for z in [-1e4, -1, 0, 1, 1e4] {
      #expect(abs(link.loss(z) - log(2)) < 1e-15)
      #expect(link.slope(z) == 0)
    }
  }

  @Test func `misranked pairs pull with at most λ`() {
    let link = KendallLink(lambda: 0.7, smoothing: 0)
    // The slope is −λ + 1/|z| far out.
    #expect(abs(link.slope(-1e4) + 0.7 - 1e-4) < 1e-7)
    #expect(stride(from: -50.0, to: -0.001, by: 0.5).allSatisfy { link.slope($0) > -0.7 })
  }
}
