// The one place that knows every plugin of this package.

import Configuration
import DPOLosses
import FocalPOLosses
import HybridPOLosses
import IPOLosses
import MRPOLosses
import MallowsPOLosses
public import PreferenceCore
import UnpairedLosses

extension LossRegistry {
  /// Every loss this package ships.
  public static let builtin: LossRegistry = {
    do throws(RegistryError) {
      return try LossRegistry([
        DPOPlugin.self, FocalPOPlugin.self, HybridPOPlugin.self, IPOPlugin.self, MRPOPlugin.self,
        MallowsPOPlugin.self, UnpairedPlugin.self,
      ])
    } catch { preconditionFailure("the built-in plugins clash: \(error)") }
  }()
}
