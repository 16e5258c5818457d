// Where the process starts and ends.

import Foundation

exit(Bench.run(Array(CommandLine.arguments.dropFirst())))
