// Seeds that failed once; they are run before all others. A seed means the same case as long as the generators stay as
// they are; where a failure taught something about a rule, its example is in test/merge as well.

export const failingPairs: readonly number[] = [
  100_033_902, 100_014_170, 100_034_533, 100_034_560, 100_019_257, 100_041_993, 100_063_186, 100_048_258, 100_094_220,
  1_024_860, 1_063_446, 1_046_802, 1_056_856, 1_103_151, 1_020_271, 1_021_087, 1_003_471, 1_006_358, 1_423_754,
  1_690_388, 1_139_445, 1_039_982, 1_219_265,
];

export const failingLogs: readonly number[] = [
  1_000_178, 1_000_031, 1_000_080, 1_000_251, 2_001_119, 2_001_703, 2_000_156, 2_000_748, 2_000_881, 2_001_124,
  2_001_401, 2_001_436, 2_001_834, 2_001_901, 100_002_681, 7_000_229, 11_000_131, 1_001_142, 1_004_648, 1_005_836,
  1_010_694, 1_009_567, 1_011_870, 1_018_842, 3_714_097,
];

export const failingTriples: readonly number[] = [100_008_122, 1_012_065, 1_068_366, 1_096_977, 1_099_726];
