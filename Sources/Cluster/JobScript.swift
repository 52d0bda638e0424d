import Evaluation
import Support

/// The script of a job array, and the options of `sbatch` that belong to it.
///
/// What a user may override stands in the script as lines of `#SBATCH`. Options on the command line
/// of `sbatch` override these lines.
struct JobScript: Sendable {
  let name: String
  let job: SubmissionPlan.Job
  let experiment: Experiment
  let folder: JobFolder
  /// The text of the shell that starts Crossfire.
  let command: String
  /// The options of `crossfire run` that were given to `crossfire submit`.
  let engine: [String]
  /// The options of `sbatch` that were given to `crossfire submit`.
  let options: [String]

  /// The arguments of `sbatch`.
  /// - Parameters:
  ///   - needs: the jobs that must have succeeded before this one starts.
  ///   - mark: a word by which the job can be found.
  func arguments(after needs: [String], mark: String) -> [String] {
    [
      "--array=0-\(job.tasks - 1)", "--output=\(folder.logPattern(name))",
    ] + (needs.isEmpty ? [] : ["--dependency=afterok:" + needs.joined(separator: ":")])
      + options + [folder.script(name).path, mark]
  }

  /// The lines of the list: the names of the steps.
  var list: String { job.steps.map { $0.name + "\n" }.joined() }

  /// The script.
  var text: String {
    let own = [
      "--job-name=\(experiment.name).\(job.group.rawValue)", "--requeue",
      // A job that needs one that has failed ends, and does not wait for ever.
      "--kill-on-invalid-dep=yes",
      // Two minutes before the time limit the script, and not crossfire itself, gets a signal.
      "--signal=B:USR1@120", "--open-mode=append",
    ]
    let cluster = experiment.cluster ?? ClusterPlan()
    let lines = (own + cluster.options(for: job.group)).map { "#SBATCH \($0)" }
    let count = job.steps.count
    return """
      #!/bin/bash
      # \(experiment.name), \(job.group.rawValue): \(count) step\(count == 1 ? "" : "s") in \
      \(job.tasks) task\(job.tasks == 1 ? "" : "s"). Written by crossfire submit.
      \(lines.joined(separator: "\n"))

      # This script gets the signals that are meant for crossfire, which then stops after the
      # present batch or epoch. They may come at any time, also before crossfire has started.
      child= again=0 stop=0 end=0
      trap 'stop=1 again=1; [[ $child ]] && kill -USR1 "$child" 2>/dev/null' USR1
      trap 'end=1 again=1; [[ $child ]] && kill -TERM "$child" 2>/dev/null' TERM
      \(cluster.setup.joined(separator: "\n"))

      # Task i of T does the lines i, i + T, i + 2 T, ... of the list of steps.
      mapfile -t all < \(folder.list(name).path.shellWord)
      steps=()
      for ((i = SLURM_ARRAY_TASK_ID; i < ${#all[@]}; i += \(job.tasks))); do
        steps+=("${all[i]}")
      done
      if ((${#steps[@]} == 0)); then
        echo "crossfire: the list of steps cannot be read, or is too short" >&2
        exit 66
      fi

      status=75
      if ((stop == 0 && end == 0)); then
        \(command) \(run) &
        child=$! again=1 status=127
        # A signal may have come before the line above.
        ((stop)) && kill -USR1 "$child" 2>/dev/null
        ((end)) && kill -TERM "$child" 2>/dev/null
        # A signal ends the wait, but not crossfire.
        while ((again)); do
          again=0
          wait "$child"
          code=$?
          ((code == 127)) || status=$code
        done
      fi

      # After SIGTERM, Slurm itself decides whether the task has failed, was cancelled, or goes back
      # into the queue, for example because its node is needed. So the task waits for Slurm to end it,
      # an hour at most.
      if ((end && status != 0 && !(stop && status == 75))); then
        for ((i = 0; i < 360; i++)); do sleep 10; done
        exit "$status"
      fi

      # Status 75: crossfire has stopped before the end. Status 138: SIGUSR1 came before crossfire was
      # ready for it. Status 137: the system has killed it, for example for want of memory. In these
      # cases the task goes back into the queue, but not for ever.
      restarts=${SLURM_RESTART_COUNT:-0} most=0
      ((status == 75 || status == 138)) && most=\(Self.mostRestarts)
      ((status == 137)) && most=3
      if ((restarts < most)); then
        echo "crossfire: stopped with status $status, and is queued again" >&2
        scontrol requeue "${SLURM_ARRAY_JOB_ID}_${SLURM_ARRAY_TASK_ID}"
      elif ((most)); then
        echo "crossfire: stopped with status $status after $restarts restarts, and is not queued" \\
          "again; ask for more time (--time) or memory (--mem), and submit again" >&2
      fi
      exit "$status"

      """
  }

  /// How often a task is started again that has stopped before the end. A task whose time limit is too
  /// short for any progress would otherwise go on for ever.
  private static let mostRestarts = 20

  /// The arguments of crossfire. A task that has a number of processors uses as many threads.
  private var run: String {
    let words = [
      "run", folder.experiment.path.shellWord, "--out", folder.run.path.shellWord, "--steps",
      "\"${steps[@]}\"", "--wait",
    ]
    let threads =
      engine.contains("--threads")
      ? [] : ["${SLURM_CPUS_PER_TASK:+--threads \"$SLURM_CPUS_PER_TASK\"}"]
    return (words + threads + engine.map(\.shellWord)).joined(separator: " ")
  }
}
