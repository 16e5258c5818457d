// The one place that knows every plugin of this package.

import AcceleratedLosses
import AdvantageLosses
import Configuration
import DPOLosses
import DiffusionLosses
import FocalPOLosses
import FormulaLosses
import HybridPOLosses
import IPOLosses
import LengthBiasLosses
import ListwiseLosses
import MRPOLosses
import MallowsPOLosses
public import PreferenceCore
import RewardModelLosses
import TokenLevelLosses
import UnpairedLosses

extension LossRegistry {
  /// Every loss this package ships.
  public static let builtin: LossRegistry = {
    do throws(RegistryError) {
      return try LossRegistry([
        AcceleratedPlugin.self,
        AdvantagePlugin.self,
        DPOPlugin.self,
        DiffusionPlugin.self,
        FocalPOPlugin.self,
        FormulaPlugin.self,
        HybridPOPlugin.self,
        IPOPlugin.self,
        LengthBiasPlugin.self,
        ListwisePlugin.self,
        MRPOPlugin.self,
        MallowsPOPlugin.self,
        RewardModelPlugin.self,
        TokenLevelPlugin.self,
        UnpairedPlugin.self,
      ])
    } catch { preconditionFailure("the built-in plugins clash: \(error)") }
  }()
}
