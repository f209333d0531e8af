/* SPDX-License-Identifier: MIT */
/* made by tests/reference/make_eval.py, NumPy 1.24.2 */
#define REFERENCE_N       1009
#define REFERENCE_CLASSES 13
#define REFERENCE_ECE     0.2615505450941526
static const struct {
    const char *name;
    double value;
} reference_errors[] = {
    {"mean_km", 135.35271743497711},       {"p10_km", 27.243243243243246},
    {"p25_km", 67.594594594594597},        {"median_km", 135.48648648648648},
    {"p75_km", 202.83783783783784},        {"p90_km", 243.45405405405407},
    {"p95_km", 256.8216216216216},         {"p99_km", 267.57297297297293},
    {"max_km", 270.18918918918916},        {"rmse_m", 156278.69033204851},
    {"share_1km", 0.0039643211100099107},  {"share_5km", 0.018830525272547076},
    {"share_10km", 0.037661050545094152},  {"share_25km", 0.092170465807730431},
    {"share_50km", 0.18533201189296333},   {"share_100km", 0.36967294350842417},
    {"share_200km", 0.73934588701684834},  {"score_world", 4572.8224254105717},
    {"score_country", 1096.2246570191746},
};
static const struct {
    const char *name;
    double value;
} reference_classes[] = {
    {"top1", 0.38553022794846381},
    {"top5", 0.56194251734390488},
    {"top10", 0.77998017839445},
    {"macro_f1", 0.38527274959912527},
};
