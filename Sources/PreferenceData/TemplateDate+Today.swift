// The day that chat templates see, where they ask for it.

public import ChatTemplates
import Foundation

extension TemplateDate {
  /// The day and time of now, or of the seconds in `SOURCE_DATE_EPOCH`, so that builds can be repeated.
  public static var today: TemplateDate {
    let epoch = ProcessInfo.processInfo.environment["SOURCE_DATE_EPOCH"].flatMap(Double.init)
    var calendar = Calendar(identifier: .gregorian)
    calendar.timeZone = epoch == nil ? .current : .gmt
    let parts = calendar.dateComponents(
      [.year, .month, .day, .hour, .minute, .second],
      from: epoch.map { Date(timeIntervalSince1970: $0) } ?? Date())
    return TemplateDate(
      year: parts.year ?? 1970, month: parts.month ?? 1, day: parts.day ?? 1, hour: parts.hour ?? 0,
      minute: parts.minute ?? 0, second: parts.second ?? 0)
  }

  /// The day spelled `2024-07-06`, at midnight; nil where that is no day.
  public init?(day: String) {
    let parts = day.split(separator: "-", omittingEmptySubsequences: false).map { Int($0) }
    guard parts.count == 3, let year = parts[0], let month = parts[1], let day = parts[2], year > 0,
      (1...12).contains(month), (1...31).contains(day)
    else { return nil }
    self.init(year: year, month: month, day: day)
  }

  /// The day as `2024-07-06`.
  public var isoDay: String {
    func padded(_ number: Int, _ width: Int) -> String {
      String(repeating: "0", count: max(0, width - String(number).utf8.count)) + String(number)
    }
    return padded(year, 4) + "-" + padded(month, 2) + "-" + padded(day, 2)
  }
}
