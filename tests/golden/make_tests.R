# Reference values for test_oracles.py, test_preference.py and test_wilcoxon.py in
# tests/reports/statistics, from R's own tests and those of coin:
#
#     Rscript tests/golden/make_tests.R > tests/golden/tests.json
#
# Debian: apt-get install r-base-core r-cran-coin r-cran-jsonlite
# wilcox.test is exact only without ties and zeros; coin also with them, and ranks zeros as Pratt
# did. Scores are in points, 0-100. Numbers are drawn, then rounded: R reads what the test reads.
suppressPackageStartupMessages({library(coin); library(jsonlite)})

set.seed(20240613)

paired <- function(n, shift) {
  control <- round(rnorm(n, 60, 12), 3)
  treatment <- round(control + rnorm(n, shift, 6), 3)
  t <- t.test(treatment, control, paired = TRUE, conf.level = 0.9)
  null_value <- -2
  list(
    treatment = treatment, control = control,
    estimate = unname(t$estimate), df = unname(t$parameter), p = t$p.value,
    conf_90 = as.numeric(t$conf.int), null_value = null_value,
    p_against = t.test(treatment, control, paired = TRUE, mu = null_value)$p.value,
    p_not_worse = t.test(treatment, control, paired = TRUE, mu = null_value,
                         alternative = "greater")$p.value
  )
}

signed_rank <- function(differences, mu = 0, exact = TRUE) {
  test <- wilcox.test(differences, mu = mu, exact = exact, correct = FALSE)
  list(differences = differences, null_value = mu, p = test$p.value)
}

pratt <- function(differences, distribution) {
  zero <- rep(0, length(differences))
  test <- wilcoxsign_test(differences ~ zero, zero.method = "Pratt", distribution = distribution)
  list(differences = differences, null_value = 0, p = as.numeric(pvalue(test)))
}

binomial <- function(only_treatment, only_control) {
  test <- binom.test(only_treatment, only_treatment + only_control, 0.5)
  list(only_treatment = only_treatment, only_control = only_control, p = test$p.value)
}

preference <- function(wins, losses, level) {
  test <- binom.test(wins, wins + losses, 0.5, conf.level = level)
  list(wins = wins, losses = losses, level = level, share = unname(test$estimate),
       conf = as.numeric(test$conf.int), p = test$p.value)
}

p <- round(runif(15)^4, 6)

cat(toJSON(list(
  made_with = list(R = R.version.string, coin = as.character(packageVersion("coin"))),
  paired = list(paired(12, 1), paired(48, 2)),
  signed_rank = list(
    signed_rank(round(rnorm(5, 2, 3), 3)),
    signed_rank(round(rnorm(24, 1, 3), 3)),
    signed_rank(round(rnorm(48, 1, 3), 3), mu = -0.5)
  ),
  signed_rank_exact_with_ties_and_zeros = list(
    pratt(c(-2, -1, 0, 0, 1, 1, 3, 4, 5), "exact"),
    pratt(round(rnorm(14, 1, 2)), "exact"),
    pratt(round(rnorm(48, 0.6, 2)), "exact")
  ),
  signed_rank_normal = list(
    pratt(round(rnorm(250, 0.3, 2)), "asymptotic"),
    signed_rank(round(rnorm(250, 0.3, 2), 3), exact = FALSE)
  ),
  binomial = list(binomial(12, 3), binomial(40, 61), binomial(500, 430), binomial(0, 6)),
  preference = list(preference(12, 3, 0.95), preference(3, 12, 0.95), preference(7, 7, 0.95),
                    preference(0, 6, 0.95), preference(6, 0, 0.9), preference(1, 0, 0.95),
                    preference(40, 61, 0.99), preference(500, 430, 0.95)),
  adjusted = list(p = p, holm = p.adjust(p, "holm"), benjamini_hochberg = p.adjust(p, "BH"))
), digits = NA, auto_unbox = TRUE), "\n")
