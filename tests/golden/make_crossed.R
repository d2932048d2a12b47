# Reference values for tests/reports/statistics/test_crossed.py, from lme4 and pbkrtest:
#
#     Rscript tests/golden/make_crossed.R > tests/golden/crossed.json
#
# Debian: apt-get install r-base-core r-cran-lme4 r-cran-lmertest r-cran-pbkrtest r-cran-jsonlite
# A table of paired differences, seeds x articles, articles of equal size: one number per cell.
# The mean's standard error in a crossed random-effects model fitted by REML is, for balanced
# tables with positive variances, that of the analysis of variance.
suppressPackageStartupMessages({library(lme4); library(lmerTest); library(jsonlite)})

cases <- list(
  list(seeds = 3, articles = 8, article_sd = 3, seed_sd = 2, cell_sd = 1, mean = 1.5),
  list(seeds = 5, articles = 12, article_sd = 2, seed_sd = 1.5, cell_sd = 2, mean = 0.4),
  list(seeds = 10, articles = 24, article_sd = 4, seed_sd = 1, cell_sd = 3, mean = -2)
)

fitted_case <- function(case, number) {
  set.seed(number)
  table <- outer(rnorm(case$seeds, 0, case$seed_sd), rep(1, case$articles)) +
    outer(rep(1, case$seeds), rnorm(case$articles, 0, case$article_sd)) +
    matrix(rnorm(case$seeds * case$articles, 0, case$cell_sd), case$seeds) + case$mean
  long <- data.frame(y = as.vector(table), seed = factor(row(table)), article = factor(col(table)))
  fit <- lmer(y ~ 1 + (1 | seed) + (1 | article), long, REML = TRUE,
              control = lmerControl(optCtrl = list(ftol_abs = 1e-14, xtol_abs = 1e-14)))
  parts <- as.data.frame(VarCorr(fit))
  satterthwaite <- coef(summary(fit, ddf = "Satterthwaite"))
  kenward_roger <- coef(summary(fit, ddf = "Kenward-Roger"))
  list(
    differences = table,
    estimate = unname(fixef(fit)[1]),
    se = satterthwaite[1, "Std. Error"],
    article_variance = parts$vcov[parts$grp == "article"],
    seed_variance = parts$vcov[parts$grp == "seed"],
    cell_variance = parts$vcov[parts$grp == "Residual"],
    df_satterthwaite = satterthwaite[1, "df"],
    df_kenward_roger = kenward_roger[1, "df"],
    p_kenward_roger = kenward_roger[1, "Pr(>|t|)"]
  )
}

cat(toJSON(list(
  made_with = list(R = R.version.string, lme4 = as.character(packageVersion("lme4")),
                   pbkrtest = as.character(packageVersion("pbkrtest"))),
  cases = Map(fitted_case, cases, seq_along(cases))
), digits = NA, auto_unbox = TRUE, pretty = TRUE), "\n")
