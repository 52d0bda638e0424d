#!/usr/bin/env Rscript
# Writes Tests/HumanStudyTests/MixedModelReference.swift: answers of simulated studies, and the fits
# of a mixed logistic model by R's lme4, with which MixedLogisticModelTests compares ours.
#
#     Rscript scripts/study_reference.R > Tests/HumanStudyTests/MixedModelReference.swift
#     make format
suppressMessages(library(lme4))

# Draws the answers of a study: each person sees `each` images in each condition, and the log-odds
# of a "yes" are the intercept of the condition plus one of the person and one of the image.
draw <- function(seed, people, images, conditions, each, intercepts, person_sd, image_sd) {
  set.seed(seed)
  u <- rnorm(people, 0, person_sd)
  v <- rnorm(images, 0, image_sd)
  rows <- list()
  for (p in seq_len(people)) for (c in seq_len(conditions)) for (i in sample(images, each)) {
    y <- rbinom(1, 1, plogis(intercepts[c] + u[p] + v[i]))
    rows[[length(rows) + 1]] <- c(p - 1, i - 1, c - 1, y)
  }
  data <- as.data.frame(do.call(rbind, rows))
  names(data) <- c("participant", "image", "condition", "yes")
  data$condition <- factor(data$condition)
  data
}

# Tolerances below lme4's defaults, so that the reference is exact to more digits than are compared.
precise <- glmerControl(optimizer = "bobyqa", tolPwrss = 1e-13,
                        optCtrl = list(rhobeg = 0.1, rhoend = 1e-8, maxfun = 1e5))

# Fits the model and the null model, in which conditions 0 and 1 are one, and prints both.
show <- function(name, data, control = precise) {
  model <- glmer(yes ~ 0 + condition + (1 | participant) + (1 | image),
                 data = data, family = binomial, control = control)
  one <- data
  one$condition <- factor(ifelse(data$condition == "1", "0", as.character(data$condition)))
  formula <- if (nlevels(one$condition) > 1) {
    yes ~ 0 + condition + (1 | participant) + (1 | image)
  } else {
    yes ~ 1 + (1 | participant) + (1 | image)
  }
  null <- glmer(formula, data = one, family = binomial, control = control)
  sds <- as.data.frame(VarCorr(model))
  number <- function(x) paste(format(x, digits = 10), collapse = ", ")
  print_line <- function(...) cat("    ", ..., "\n", sep = "")
  cat("  MixedModelReference(\n")
  print_line("name: \"", name, "\", participants: ", length(unique(data$participant)),
             ", images: ", length(unique(data$image)),
             ", conditions: ", nlevels(data$condition), ",")
  print_line("estimates: [", number(fixef(model)),
             "], standardErrors: [", number(sqrt(diag(as.matrix(vcov(model))))), "],")
  print_line("participantDeviation: ", number(sds$sdcor[sds$grp == "participant"]),
             ", imageDeviation: ", number(sds$sdcor[sds$grp == "image"]),
             ", logLikelihood: ", number(as.numeric(logLik(model))),
             ", nullLogLikelihood: ", number(as.numeric(logLik(null))), ",")
  # Each answer becomes one number, to keep the file short.
  condition <- as.integer(as.character(data$condition))
  code <- ((data$participant * 100 + data$image) * 10 + condition) * 10 + data$yes
  text <- paste(format(code, scientific = FALSE, trim = TRUE), collapse = " ")
  lines <- paste0("      ", strwrap(text, 94), "\n")
  cat("    answers: \"\"\"\n", lines, "      \"\"\"),\n", sep = "")
}

cat("// Drawn and fitted by R ", R.version$major, ".", R.version$minor, " with lme4 ",
    as.character(packageVersion("lme4")), ": scripts/study_reference.R writes this file.\n",
    sep = "")
cat('
import Testing

/// The answers of a simulated study, and the fit of lme4\'s `glmer(yes ~ 0 + condition + (1 |
/// participant) + (1 | image), family = binomial)`. In the null model, conditions 0 and 1 are one
/// condition.
struct MixedModelReference: Sendable, CustomTestStringConvertible {
  let name: String
  let participants: Int
  let images: Int
  let conditions: Int
  let estimates: [Double]
  let standardErrors: [Double]
  let participantDeviation: Double
  let imageDeviation: Double
  let logLikelihood: Double
  let nullLogLikelihood: Double
  /// Each answer as the number ((participant · 100 + image) · 10 + condition) · 10 + yes.
  let answers: String

  var testDescription: String { name }
}

let mixedModelReference: [MixedModelReference] = [
')
show("a study as large as that of Ross (2018)",
     draw(1, 11, 50, 3, 10, c(-3, -1.5, -0.5), 0.6, 0.8))
show("more people than images", draw(2, 60, 12, 2, 6, c(-1, 0.3), 1.0, 0.5))
show("a strong effect and large deviations", draw(3, 24, 40, 2, 20, c(-2, 1), 1.5, 1.2))
show("no deviation of images", draw(16, 20, 30, 2, 10, c(-0.5, 0.5), 0.8, 0))
cat("]\n")
