// The date a template may ask for, given from outside so that equal inputs render equally.

/// A date and time of day in the calendar that `strftime_now` formats.
public struct TemplateDate: Sendable, Equatable {
  /// The year, such as 2024.
  public var year: Int
  /// The month, 1 to 12.
  public var month: Int
  /// The day of the month, from 1.
  public var day: Int
  /// The hour, 0 to 23.
  public var hour: Int
  /// The minute, 0 to 59.
  public var minute: Int
  /// The second, 0 to 59.
  public var second: Int

  /// A date, at midnight unless a time is given.
  ///
  /// - Precondition: month and day are those of a calendar.
  public init(year: Int, month: Int, day: Int, hour: Int = 0, minute: Int = 0, second: Int = 0) {
    precondition((1...12).contains(month), "TemplateDate: there is no month \(month)")
    precondition((1...31).contains(day), "TemplateDate: there is no day \(day)")
    self.year = year
    self.month = month
    self.day = day
    self.hour = hour
    self.minute = minute
    self.second = second
  }

  private static let months = [
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
    "November",
    "December",
  ]
  private static let weekdays = [
    "Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday",
  ]

  /// The day of the week, 0 for Sunday, by Sakamoto's rule.
  private var weekday: Int {
    let offsets = [0, 3, 2, 5, 0, 3, 5, 1, 4, 6, 2, 4]
    let year = month < 3 ? self.year - 1 : self.year
    return (year + year / 4 - year / 100 + year / 400 + offsets[month - 1] + day) % 7
  }

  private var dayOfYear: Int {
    let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
    let lengths = [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
    return lengths[..<(month - 1)].reduce(day, +)
  }

  /// The date in a format of `strftime`; `%-d` and its like leave zeros out.
  func formatted(_ format: String) throws(TemplateFault) -> String {
    var result = String.UnicodeScalarView()
    var pending: String?
    for scalar in format.unicodeScalars {
      guard let flags = pending else {
        if scalar == "%" { pending = "" } else { result.append(scalar) }
        continue
      }
      if scalar == "-", flags.isEmpty {
        pending = "-"
        continue
      }
      pending = nil
      guard let text = field(scalar, pads: flags.isEmpty) else {
        throw TemplateFault("strftime_now: the format '%\(flags)\(scalar)' is not supported")
      }
      result.append(contentsOf: text.unicodeScalars)
    }
    if let pending { result.append(contentsOf: ("%" + pending).unicodeScalars) }
    return String(result)
  }

  private func field(_ letter: Unicode.Scalar, pads: Bool) -> String? {
    func padded(_ number: Int, _ width: Int = 2) -> String {
      let digits = String(number)
      return pads ? String(repeating: "0", count: max(0, width - digits.count)) + digits : digits
    }
    let month = Self.months[self.month - 1]
    switch letter {
    case "Y": return padded(year, 4)
    case "y": return padded(year % 100)
    case "m": return padded(self.month)
    case "d": return padded(day)
    case "H": return padded(hour)
    case "I": return padded((hour + 11) % 12 + 1)
    case "M": return padded(minute)
    case "S": return padded(second)
    case "j": return padded(dayOfYear, 3)
    case "B": return month
    case "b", "h": return String(month.prefix(3))
    case "A": return Self.weekdays[weekday]
    case "a": return String(Self.weekdays[weekday].prefix(3))
    case "p": return hour < 12 ? "AM" : "PM"
    case "F": return padded(year, 4) + "-" + padded(self.month) + "-" + padded(day)
    case "T": return padded(hour) + ":" + padded(minute) + ":" + padded(second)
    case "%": return "%"
    default: return nil
    }
  }
}
