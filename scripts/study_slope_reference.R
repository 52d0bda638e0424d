#!/usr/bin/env Rscript
# Writes Tests/HumanStudyTests/SlopeModelReference.swift: answers of simulated studies of two
# conditions in which the difference between the conditions varies, and the fits of a mixed logistic
# model with random slopes by R's lme4, with which SlopeModelTests compares ours.
#
#     Rscript scripts/study_slope_reference.R > Tests/HumanStudyTests/SlopeModelReference.swift
#     make format
suppressMessages(library(lme4))

# Draws the answers of a study: each person sees `each` images in each of two conditions, and the
# log-odds of a "yes" are the intercept of the condition plus those of the person and of the image,
# plus x times the slopes of both, where x is -1/2 in the first condition and 1/2 in the second.
draw <- function(seed, people, images, each, intercepts, person_sd, person_slope, correlation,
                 image_sd, image_slope) {
  set.seed(seed)
  z <- matrix(rnorm(2 * people), people)
  u <- person_sd * z[, 1]
  w <- person_slope * (correlation * z[, 1] + sqrt(1 - correlation^2) * z[, 2])
  v <- rnorm(images, 0, image_sd)
  s <- rnorm(images, 0, image_slope)
  rows <- list()
  for (p in seq_len(people)) for (c in 1:2) for (i in sample(images, each)) {
    x <- c - 1.5
    y <- rbinom(1, 1, plogis(intercepts[c] + u[p] + x * w[p] + v[i] + x * s[i]))
    rows[[length(rows) + 1]] <- c(p - 1, i - 1, c - 1, y)
  }
  data <- as.data.frame(do.call(rbind, rows))
  names(data) <- c("participant", "image", "condition", "yes")
  data$x <- data$condition - 0.5
  data$condition <- factor(data$condition)
  data
}

# Tolerances below lme4's defaults, so that the reference is exact to more digits than are compared.
precise <- glmerControl(optimizer = "bobyqa", tolPwrss = 1e-13,
                        optCtrl = list(rhobeg = 0.1, rhoend = 1e-8, maxfun = 1e5))

# Fits the model and the null model, in which the two conditions have one intercept, and prints both.
show <- function(name, data, people = "(1 + x | participant)", images = "(1 + x || image)") {
  fit <- function(fixed) {
    glmer(as.formula(paste("yes ~", fixed, "+", people, "+", images)), data = data,
          family = binomial, control = precise)
  }
  model <- fit("0 + condition")
  null <- fit("1")
  sds <- as.data.frame(VarCorr(model))
  number <- function(x) paste(ifelse(is.na(x), "nil", format(x, digits = 10, trim = TRUE)),
                              collapse = ", ")
  spread <- function(group) {
    own <- sds[sub("\\.[0-9]+$", "", sds$grp) == group, ]
    pick <- function(a, b) {
      found <- own$sdcor[own$var1 == a & (if (is.na(b)) is.na(own$var2) else own$var2 %in% b)]
      if (length(found) == 0) NA else found
    }
    number(c(pick("(Intercept)", NA), pick("x", NA), pick("(Intercept)", "x")))
  }
  print_line <- function(...) cat("    ", ..., "\n", sep = "")
  cat("  SlopeModelReference(\n")
  print_line("name: \"", name, "\",")
  print_line("estimates: [", number(fixef(model)), "],")
  print_line("standardErrors: [", number(sqrt(diag(as.matrix(vcov(model))))), "],")
  print_line("participants: [", spread("participant"), "], images: [", spread("image"), "],")
  print_line("logLikelihood: ", number(as.numeric(logLik(model))),
             ", nullLogLikelihood: ", number(as.numeric(logLik(null))), ",")
  # Each answer becomes one number, to keep the file short.
  condition <- as.integer(as.character(data$condition))
  code <- ((data$participant * 100 + data$image) * 10 + condition) * 10 + data$yes
  text <- paste(format(code, scientific = FALSE, trim = TRUE), collapse = " ")
  lines <- paste0("      ", strwrap(text, 94), "\n")
  cat("    answers: \"\"\"\n", lines, "      \"\"\"),\n", sep = "")
}

cat("// Drawn and fitted by R ", R.version$major, ".", R.version$minor, " with lme4 ",
    as.character(packageVersion("lme4")), ": scripts/study_slope_reference.R writes this file.\n",
    sep = "")
cat('
import Testing

/// The answers of a simulated study of two conditions, and the fit of lme4\'s `glmer(yes ~ 0 +
/// condition + (1 + x | participant) + (1 + x || image), family = binomial)`, or of a model with
/// fewer random effects. In the null model, both conditions have one intercept.
struct SlopeModelReference: Sendable, CustomTestStringConvertible {
  let name: String
  let estimates: [Double]
  let standardErrors: [Double]
  /// The standard deviation of intercepts, that of slopes, and the correlation of the two.
  let participants: [Double?]
  let images: [Double?]
  let logLikelihood: Double
  let nullLogLikelihood: Double
  /// Each answer as the number ((participant · 100 + image) · 10 + condition) · 10 + yes.
  let answers: String

  var testDescription: String { name }
}

let slopeModelReference: [SlopeModelReference] = [
')
show("correlated slopes of people, and slopes of images",
     draw(1, 24, 16, 16, c(-1, 0.2), 0.9, 1.2, 0.5, 0.7, 1.2))
show("independent slopes of people and of images",
     draw(2, 20, 20, 12, c(-1.5, 0), 1, 1, 0, 0.8, 1), people = "(1 + x || participant)")
show("more people than images",
     draw(3, 40, 10, 8, c(0.5, 0.3), 0.8, 1, -0.3, 0.6, 0.8))
show("slopes of people only",
     draw(4, 16, 30, 15, c(-0.8, 0.4), 0.7, 1.4, 0.4, 0.8, 0), images = "(1 | image)")
cat("]\n")
