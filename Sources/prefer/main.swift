// Where the process starts and ends.

import Foundation

exit(Prefer.run(Array(CommandLine.arguments.dropFirst())).rawValue)
