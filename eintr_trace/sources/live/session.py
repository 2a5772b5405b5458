"""A live trace from attach to detach: the tracer here, the report in a child behind a pipe."""

from __future__ import annotations

from eintr_trace.sources.live import attach, descriptor_limit, launch, own_signals
from eintr_trace.sources.live.options import LiveOptions, LiveResult
from eintr_trace.sources.live.registers import require_supported
from eintr_trace.sources.live.reporter import Prepare, Reporter
from eintr_trace.sources.live.tracing import Tracing


def run_live(options: LiveOptions, prepare: Prepare) -> LiveResult:
    """Trace until the end; ``prepare`` runs in a child, as does what it returns.

    Only from the main thread, and with no other thread running. Raises AttachError,
    LaunchError, EintrTraceError; every process is then as it was.
    """
    require_supported()
    tgids = tuple(dict.fromkeys(attach.process_of(pid) for pid in options.pids))
    for tgid in tgids:
        attach.require_64_bit(tgid)
    with own_signals.taken() as inherited:
        reporter = Reporter(prepare, has_to_keep_up=options.every_syscall)
        command = launch.prepare(options.command, inherited) if options.command else None
        tracing = Tracing(options, tgids, command, reporter.outlet)
        with descriptor_limit.raised():  # a command has been forked already, with its own
            tracing.run_in_thread()
        report_status = reporter.finish(asked_to_end=tracing.asked_to_end)
        tracing.close()
        tracing.raise_failure()
        if command is None:
            return LiveResult(None, report_status)
        command.close()
        status = tracing.command_status
        return LiveResult(command.wait() if status is None else status, report_status)
