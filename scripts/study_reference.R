#!/usr/bin/env Rscript
# Writes Tests/HumanStudyTests/MixedModelReference.swift: answers drawn once, and R lme4's fits of them.
#
#     Rscript scripts/study_reference.R > Tests/HumanStudyTests/MixedModelReference.swift
suppressMessages(library(lme4))

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

show <- function(name, data, control = glmerControl(optimizer = "bobyqa", tolPwrss = 1e-13, optCtrl = list(rhobeg = 0.1, rhoend = 1e-8, maxfun = 1e5))) {
  model <- glmer(yes ~ 0 + condition + (1 | participant) + (1 | image), data = data, family = binomial, control = control)
  one <- data
  one$condition <- factor(ifelse(data$condition == "1", "0", as.character(data$condition)))
  formula <- if (nlevels(one$condition) > 1) yes ~ 0 + condition + (1 | participant) + (1 | image) else yes ~ 1 + (1 | participant) + (1 | image)
  null <- glmer(formula, data = one, family = binomial, control = control)
  sds <- as.data.frame(VarCorr(model))
  number <- function(x) paste(format(x, digits = 10), collapse = ", ")
  cat("  MixedModelReference(\n")
  cat("    name: \"", name, "\", participants: ", length(unique(data$participant)), ", images: ", length(unique(data$image)), ", conditions: ", nlevels(data$condition), ",\n", sep = "")
  cat("    estimates: [", number(fixef(model)), "], standardErrors: [", number(sqrt(diag(as.matrix(vcov(model))))), "],\n", sep = "")
  cat("    participantDeviation: ", number(sds$sdcor[sds$grp == "participant"]), ", imageDeviation: ", number(sds$sdcor[sds$grp == "image"]),
      ", logLikelihood: ", number(as.numeric(logLik(model))), ", nullLogLikelihood: ", number(as.numeric(logLik(null))), ",\n", sep = "")
  # Every answer as four letters would be long: participant, image, condition and answer as one number each.
  code <- ((data$participant * 100 + data$image) * 10 + as.integer(as.character(data$condition))) * 10 + data$yes
  cat("    answers: \"\"\"\n", paste0("      ", strwrap(paste(format(code, scientific = FALSE, trim = TRUE), collapse = " "), 112), "\n"), "      \"\"\"),\n", sep = "")
}

cat("// Drawn and fitted by R ", R.version$major, ".", R.version$minor, " with lme4 ", as.character(packageVersion("lme4")),
    ": scripts/study_reference.R writes this file.\n\nimport Testing\n\n", sep = "")
cat("/// Answers and lme4's `glmer(yes ~ 0 + condition + (1 | participant) + (1 | image), family = binomial)` of them; the null model has\n")
cat("/// conditions 0 and 1 as one.\n")
cat("struct MixedModelReference: Sendable, CustomTestStringConvertible {\n")
cat("  let name: String\n  let participants: Int\n  let images: Int\n  let conditions: Int\n  let estimates: [Double]\n  let standardErrors: [Double]\n")
cat("  let participantDeviation: Double\n  let imageDeviation: Double\n  let logLikelihood: Double\n  let nullLogLikelihood: Double\n")
cat("  /// For each answer ((participant · 100 + image) · 10 + condition) · 10 + yes.\n  let answers: String\n\n  var testDescription: String { name }\n}\n\n")
cat("let mixedModelReference: [MixedModelReference] = [\n")
show("a study as large as the thesis'", draw(1, 11, 50, 3, 10, c(-3, -1.5, -0.5), 0.6, 0.8))
show("more people than images", draw(2, 60, 12, 2, 6, c(-1, 0.3), 1.0, 0.5))
show("a strong effect and large deviations", draw(3, 24, 40, 2, 20, c(-2, 1), 1.5, 1.2))
show("no deviation of images", draw(16, 20, 30, 2, 10, c(-0.5, 0.5), 0.8, 0))
cat("]\n")
