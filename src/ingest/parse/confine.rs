//! Takes from the parser process what reading bytes never needs: files, network, other processes.

/// Lets this process compute and talk over the pipes it has, and nothing else, for the rest of its life.
///
/// Linux on x86_64 and aarch64; elsewhere only the resource limits hold.
#[cfg(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64")))]
pub(super) use linux::confine;

#[cfg(not(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64"))))]
pub(super) fn confine() -> std::io::Result<()> {
    Ok(())
}

#[cfg(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64")))]
mod linux {
    use std::{collections::BTreeMap, io};

    use seccompiler::{
        BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter, SeccompRule,
        TargetArch,
    };

    /// Every system call that is not here fails with "operation not permitted": opening files, sockets,
    /// starting programs, tracing, mounting, io_uring, and what later kernels may add.
    const ALLOWED: &[libc::c_long] = &[
        // The pipes to the parent, and files that were open before.
        libc::SYS_read,
        libc::SYS_readv,
        libc::SYS_pread64,
        libc::SYS_write,
        libc::SYS_writev,
        libc::SYS_lseek,
        libc::SYS_close,
        libc::SYS_fstat,
        libc::SYS_fcntl,
        libc::SYS_ppoll,
        libc::SYS_epoll_pwait,
        libc::SYS_epoll_ctl,
        libc::SYS_eventfd2,
        // Memory.
        libc::SYS_brk,
        libc::SYS_mmap,
        libc::SYS_munmap,
        libc::SYS_mremap,
        libc::SYS_mprotect,
        libc::SYS_madvise,
        // Threads of this process.
        libc::SYS_futex,
        libc::SYS_set_robust_list,
        libc::SYS_rseq,
        libc::SYS_sched_yield,
        libc::SYS_sched_getaffinity,
        libc::SYS_membarrier,
        libc::SYS_gettid,
        libc::SYS_getpid,
        // Time and chance.
        libc::SYS_clock_gettime,
        libc::SYS_clock_nanosleep,
        libc::SYS_nanosleep,
        libc::SYS_gettimeofday,
        libc::SYS_getrandom,
        // Signals, limits and the end.
        libc::SYS_rt_sigaction,
        libc::SYS_rt_sigprocmask,
        libc::SYS_rt_sigreturn,
        libc::SYS_sigaltstack,
        libc::SYS_restart_syscall,
        libc::SYS_prlimit64,
        libc::SYS_getrlimit,
        libc::SYS_setrlimit,
        libc::SYS_getrusage,
        libc::SYS_exit,
        libc::SYS_exit_group,
    ];

    /// Calls of older programming interfaces that aarch64 never had.
    #[cfg(target_arch = "x86_64")]
    const ALLOWED_HERE: &[libc::c_long] = &[libc::SYS_poll, libc::SYS_epoll_wait, libc::SYS_time, libc::SYS_arch_prctl];
    #[cfg(target_arch = "aarch64")]
    const ALLOWED_HERE: &[libc::c_long] = &[];

    pub(in super::super) fn confine() -> io::Result<()> {
        for filter in [no_clone3(), only_allowed()] {
            let filter = filter.map_err(|error| refused(&error))?;
            seccompiler::apply_filter_all_threads(&filter).map_err(|error| refused(&error))?;
        }
        Ok(())
    }

    fn refused(error: &dyn std::error::Error) -> io::Error {
        io::Error::other(format!("cannot confine the parser process: {error}"))
    }

    /// The newer call to start threads hides its flags in memory. Told that the kernel has no such call,
    /// libraries go back to the older one.
    fn no_clone3() -> Result<BpfProgram, seccompiler::BackendError> {
        let rules = BTreeMap::from([(libc::SYS_clone3, Vec::new())]);
        let missing = SeccompAction::Errno(libc::ENOSYS.unsigned_abs());
        SeccompFilter::new(rules, SeccompAction::Allow, missing, architecture()?)?.try_into()
    }

    fn only_allowed() -> Result<BpfProgram, seccompiler::BackendError> {
        let mut rules: BTreeMap<i64, Vec<SeccompRule>> =
            ALLOWED.iter().chain(ALLOWED_HERE).map(|&call| (call, Vec::new())).collect();
        // Decided by the filter before.
        rules.insert(libc::SYS_clone3, Vec::new());
        // A thread, never a process.
        let thread = u64::from(libc::CLONE_THREAD.unsigned_abs());
        rules.insert(libc::SYS_clone, vec![rule(0, SeccompCmpArgLen::Qword, SeccompCmpOp::MaskedEq(thread), thread)?]);
        // A signal only to itself: that is how a process aborts.
        let own_id = u64::from(std::process::id());
        rules.insert(libc::SYS_tgkill, vec![rule(0, SeccompCmpArgLen::Dword, SeccompCmpOp::Eq, own_id)?]);
        let not_permitted = SeccompAction::Errno(libc::EPERM.unsigned_abs());
        SeccompFilter::new(rules, not_permitted, SeccompAction::Allow, architecture()?)?.try_into()
    }

    fn architecture() -> Result<TargetArch, seccompiler::BackendError> {
        std::env::consts::ARCH.try_into()
    }

    fn rule(
        argument: u8,
        length: SeccompCmpArgLen,
        operator: SeccompCmpOp,
        value: u64,
    ) -> Result<SeccompRule, seccompiler::BackendError> {
        SeccompRule::new(vec![SeccompCondition::new(argument, length, operator, value)?])
    }
}
