import Foundation
import TestSupport
import Testing

@testable import ModelCore

@Suite("The usual number of threads")
struct ThreadCountTests {
  @Test(
    "follows OMP_NUM_THREADS, and otherwise the smallest of Slurm's number, processors and quota",
    arguments: [
      // OMP_NUM_THREADS, SLURM_CPUS_PER_TASK, processors, quota, threads
      (nil, nil, 8, nil, 8),
      ("3", nil, 8, nil, 3),
      ("16", "2", 1, 0.5, 16),
      ("4,2", nil, 8, nil, 4),
      (" 5 , 2", nil, 8, nil, 5),
      ("", nil, 8, nil, 8),
      (",2", nil, 8, nil, 8),
      ("0", nil, 8, nil, 8),
      ("-2", "3", 8, nil, 3),
      ("1025", nil, 8, nil, 8),
      ("1.5", nil, 8, nil, 8),
      ("all", nil, 8, nil, 8),
      (nil, "4", 8, nil, 4),
      (nil, "16", 8, nil, 8),
      (nil, "16", 32, 6, 6),
      (nil, "four", 8, nil, 8),
      (nil, "0", 8, nil, 8),
      (nil, nil, 8, 2, 2),
      (nil, nil, 8, 1.5, 2),
      (nil, nil, 8, 0.1, 1),
      (nil, nil, 8, 64, 8),
      (nil, nil, 8, .infinity, 8),
      (nil, nil, 0, nil, 1),
      (nil, nil, 4096, nil, 1024),
    ] as [(String?, String?, Int, Double?, Int)])
  func rule(openMP: String?, slurm: String?, processors: Int, quota: Double?, threads: Int) {
    let count = ThreadCount(openMP: openMP, slurm: slurm, processors: processors, quota: quota)
    #expect(count.threads == threads)
  }

  @Test("the processors of this process are counted")
  func processors() {
    let most = ProcessInfo.processInfo.processorCount
    #expect((1...most).contains(ThreadCount.ofThisProcess.processors))
  }
}

@Suite("The limit of processor time for a container")
struct ProcessorQuotaTests {
  private let root = TemporaryFolder()

  private func write(_ text: String, _ path: String) throws {
    let file = root.appending(path)
    try FileManager.default.createDirectory(
      at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data(text.utf8).write(to: file)
  }

  private var quota: Double? { ProcessorQuota.read(root: root.url) }

  @Test("is the smallest of the groups around the process, in version 2")
  func second() throws {
    #expect(quota == nil)
    try write("0::/jobs/one/step\n", "proc/self/cgroup")
    #expect(quota == nil)
    try write("max 100000\n", "sys/fs/cgroup/jobs/one/step/cpu.max")
    #expect(quota == nil)
    try write("250000 100000\n", "sys/fs/cgroup/jobs/one/cpu.max")
    #expect(quota == 2.5)
    try write("50000 100000\n", "sys/fs/cgroup/jobs/cpu.max")
    try write("10000 100000\n", "sys/fs/cgroup/other/cpu.max")
    #expect(quota == 0.5)
  }

  @Test("is found in a container that does not see its own path")
  func hidden() throws {
    for path in ["/", "/system/docker-1.scope", "/../../pod/two"] {
      try write("0::\(path)\n", "proc/self/cgroup")
      try write("400000 200000\n", "sys/fs/cgroup/cpu.max")
      #expect(quota == 2, "\(path)")
    }
  }

  @Test("is that of the group of the processor, in version 1")
  func first() throws {
    try write("5:memory:/m\n4:cpu,cpuacct:/docker/1\n0::/\n", "proc/self/cgroup")
    try write("100000\n", "sys/fs/cgroup/cpu/cpu.cfs_period_us")
    try write("-1\n", "sys/fs/cgroup/cpu/cpu.cfs_quota_us")
    #expect(quota == nil)
    try write("100000\n", "sys/fs/cgroup/cpu/docker/1/cpu.cfs_period_us")
    try write("300000\n", "sys/fs/cgroup/cpu/docker/1/cpu.cfs_quota_us")
    #expect(quota == 3)
  }

  @Test("is ignored if it makes no sense")
  func damaged() throws {
    try write("0::/\n", "proc/self/cgroup")
    for text in ["", "max", "100000", "a b", "100000 0", "-5 100000"] {
      try write(text, "sys/fs/cgroup/cpu.max")
      #expect(quota == nil, "\(text)")
    }
  }
}
