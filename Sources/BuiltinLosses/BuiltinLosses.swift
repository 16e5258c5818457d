// The one place that knows every plugin of this package.

import AdvantageLosses
import Configuration
import DPOLosses
import DiffusionLosses
import FocalPOLosses
import FormulaLosses
import HybridPOLosses
import IPOLosses
import ListwiseLosses
import MRPOLosses
import MallowsPOLosses
public import PreferenceCore
import RewardModelLosses
import UnpairedLosses

extension LossRegistry {
  /// Every loss this package ships.
  public static let builtin: LossRegistry = {
    do throws(RegistryError) {
      return try LossRegistry([
        AdvantagePlugin.self,
        DPOPlugin.self,
        DiffusionPlugin.self,
        FocalPOPlugin.self,
        FormulaPlugin.self,
        HybridPOPlugin.self,
        IPOPlugin.self,
        ListwisePlugin.self,
        MRPOPlugin.self,
        MallowsPOPlugin.self,
        RewardModelPlugin.self,
        UnpairedPlugin.self,
      ])
    } catch { preconditionFailure("the built-in plugins clash: \(error)") }
  }()
}
