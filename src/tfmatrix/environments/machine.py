"""The machine: what of it may change a result's bits."""

from __future__ import annotations

import hashlib
import json
import os
import platform
import shutil
import subprocess
from dataclasses import asdict
from functools import cache
from pathlib import Path

import psutil

from tfmatrix.records import Machine

REVISION = (
    "vendor_id", "cpu family", "model", "stepping", "cache size",
    "CPU implementer", "CPU architecture", "CPU variant", "CPU part", "CPU revision",
)  # fmt: skip
"""What Linux tells of a processor besides its name, which virtual machines make up: on x86, and on Arm.

Libraries choose their kernels and block sizes by these.
"""

KERNELS_OWN = """
cxmmx k6_mtrr cyrix_arr centaur_mcr constant_tsc up art arch_perfmon pebs bts syscall32 sysenter32 rep_good
amd_lbr_v2 acc_power nopl xtopology tsc_reliable nonstop_tsc cpuid extd_apicid amd_dcm aperfmperf rapl
nonstop_tsc_s3 tsc_known_freq ring3mwait cpuid_fault cpb epb cat_l3 cat_l2 cdp_l3 cdp_l2 invpcid_single hw_pstate
proc_feedback sme pti kaiser retpoline retpoline_amd intel_ppin mba sev sev_es sev_snp ssbd ibrs ibpb stibp
ibrs_enhanced use_ibpb msr_spec_ctrl rsb_ctxsw tpr_shadow vnmi flexpriority ept vpid vmmcall ept_ad vcpupreempt
tdx_guest cqm_llc cqm_occup_llc cqm_mbm_total cqm_mbm_local split_lock_detect per_thread_mba bus_lock_detect
user_shstk rrsba_ctrl unret entry_ibpb md_clear srbds_ctrl arch_capabilities arat dtherm ida pln pts hwp hwp_notify
hwp_act_window hwp_epp hwp_pkg_req hfi
"""
"""Words among the flags of an x86 processor that the kernel adds, or shows or hides by its version and settings.

They are of the kind in Linux's `cpufeatures.h` that name no instruction: timers, power, virtualisation and mitigations.
One that is not listed here makes a machine another one, which costs a run; the other way round would cost a verdict.
"""

INHERITED = ("CUDA_VISIBLE_DEVICES", "LD_LIBRARY_PATH")
"""The variables that a trial has from its caller and that may change its bits: which GPUs and libraries it finds."""


@cache
def this_machine() -> Machine:
    """Return a description of the machine that this runs on."""
    first = _first_processor()
    return Machine(
        cpu=first.get("model name") or platform.processor() or "unknown",
        revision=", ".join(f"{name} {first[name]}" for name in REVISION if name in first),
        flags=tuple(sorted(first.get("flags", first.get("Features", "")).split())),
        architecture=platform.machine(),
        libc=" ".join(platform.libc_ver()).strip(),
        gpus=_gpus(),
        kernel=platform.release(),
        cores=len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1,
        memory_gib=round(psutil.virtual_memory().total / 2**30, 1),
    )


@cache
def machine_id(machine: Machine) -> str:
    """Return the digest of what may change bits: another kernel or more memory is the same machine."""
    told = asdict(machine)
    chosen = {key: told[key] for key in ("cpu", "revision", "architecture", "libc", "gpus")}
    chosen["flags"] = sorted(set(machine.flags).difference(KERNELS_OWN.split()))
    return hashlib.sha256(json.dumps(chosen, sort_keys=True).encode("utf-8")).hexdigest()


def _first_processor() -> dict[str, str]:
    """Return the first processor's lines of /proc/cpuinfo by name, nothing where there is no such file."""
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return {}
    lines = text.split("\n\n")[0].splitlines()
    return {name.strip(): value.strip() for name, _, value in (line.partition(":") for line in lines)}


def _gpus() -> tuple[str, ...]:
    """Return name and driver of each GPU that NVIDIA's tool lists, nothing where it is missing or fails."""
    if not shutil.which("nvidia-smi"):
        return ()
    listed = subprocess.run(
        ["nvidia-smi", "--query-gpu=name,driver_version", "--format=csv,noheader"],
        capture_output=True,
        text=True,
        check=False,
    )
    return tuple(listed.stdout.strip().splitlines()) if listed.returncode == 0 else ()
