// What the end of the stream is asked for, and what it says: statistics of scores, divergences, scalar heads.

import Optimizers
import VectorKernels

/// What a pass is to give besides what it always gives.
struct HeadRequest {
  /// Whether the vocabulary is scored at all; a judge of texts has no use for it.
  var scoresVocabulary = true
  /// What divergences are measured from.
  var compared: (any ComparedScores)?
  /// The scalar heads that are read.
  var readings: [HeadReading] = []
}

/// What a pass says of every prediction, in the layout's order.
struct PassScores {
  /// The statistics of the scores; none where the vocabulary is not scored.
  var finished: [RowStatistics.Finished] = []
  /// The same of the reference's scores; none where nothing is compared.
  var reference: [RowStatistics.Finished] = []
  /// The divergence from the reference, in nats; none where nothing is compared.
  var divergences: [Double] = []
  /// The outputs of every scalar head that is read, in the request's order.
  var outputs: [[Double]] = []
}

/// The derivatives of an objective by what a pass said.
struct PassCotangents {
  /// By the statistics of the scores.
  var rows: [RowCotangents] = []
  /// By the outputs of every scalar head that is read.
  var outputs: [[Double]] = []
}

/// A reference's scores of the same predictions, worked out again where they are needed.
protocol ComparedScores: Sendable {
  /// Lays out the weights of some chunks of the vocabulary.
  func round(_ chunks: Range<Int>) -> any ComparedRound
}

/// Some chunks of a reference's scores.
protocol ComparedRound: Sendable {
  /// Writes the scores of some predictions for the chunk at `place` of the round. `scores`: `[rows, chunk]`.
  func score(_ rows: Range<Int>, chunk place: Int, into scores: Matrix<Float>)
}

/// A reference's last states and the head that scores them.
struct ReferenceScores<Scalar: ActivationScalar>: ComparedScores {
  let head: StatisticsHead<Scalar>
  /// `[predictions, d]`, in memory of its own.
  let normed: Matrix<Scalar>

  private struct Round: ComparedRound {
    let weights: [PackedMatrix<Scalar>]
    let scores: ReferenceScores

    func score(_ rows: Range<Int>, chunk place: Int, into out: Matrix<Float>) {
      multiply(scores.normed.rows(rows), by: weights[place], into: out)
      if let cap = scores.head.cap { softCap(out, cap: cap) }
    }
  }

  func round(_ chunks: Range<Int>) -> any ComparedRound {
    Round(
      weights: head.chunks[chunks].map { chunk in
        chunk.forward { FloatBuffer(count: chunk.layoutCount) }
      }, scores: self)
  }
}

extension StatisticsHead {
  /// The normed states of all predictions in memory of their own. `stream`: `[rows, d]`.
  func kept(_ stream: Matrix<Float>, _ pass: PassContext) -> Matrix<Scalar> {
    let (workspace, sources) = (pass.workspace, pass.layout.sources)
    let mark = workspace.mark
    defer { workspace.release(to: mark) }
    let picked: Matrix<Float> = workspace.matrix(sources.count, stream.columns)
    gatherRows(of: stream, sources, into: picked)
    let stride = Workspace.operandStride(stream.columns, of: Scalar.self)
    let normed = Matrix(
      AlignedBuffer<Scalar>(count: sources.count * stride), rows: sources.count, columns: stream.columns,
      rowStride: stride)
    norm.apply(
      picked, into: normed, measuring: Norm.Measures(rows: sources.count, pass.configuration, workspace))
    return normed
  }
}
