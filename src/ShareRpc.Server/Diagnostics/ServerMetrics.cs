using System.Diagnostics;
using System.Diagnostics.Metrics;
using ShareRpc.Protocol.Errors;
using ShareRpc.Protocol.Ops;

namespace ShareRpc.Server.Diagnostics;

/// <summary>
/// What is counted and timed while it happens; docs/operating.md lists every metric. No label holds a token, an id or
/// anything else without a bound (I10). Without a listener a call costs a comparison. Thread-safe.
/// </summary>
internal sealed class ServerMetrics
{
    public const string Name = "ShareRpc";

    private const string ErrorLabel = "error.type";
    private const string OutcomeLabel = "outcome";
    private static readonly InstrumentAdvice<double> Seconds = new()
    {
        HistogramBucketBoundaries = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    };

    private static readonly KeyValuePair<string, object?> Applied = new(OutcomeLabel, "applied");
    private static readonly KeyValuePair<string, object?> Duplicate = new(OutcomeLabel, "duplicate");
    private static readonly KeyValuePair<string, object?> Rejected = new(OutcomeLabel, "rejected");
    private static readonly KeyValuePair<string, object?> Ok = new(OutcomeLabel, "ok");

    private readonly Histogram<double> commits;
    private readonly Histogram<double> appends;
    private readonly Counter<long> ops;
    private readonly Counter<long> delivered;
    private readonly Counter<long> redemptions;
    private readonly Counter<long> errors;

    public ServerMetrics(IMeterFactory meters)
    {
        Meter meter = meters.Create(Name);
        commits = meter.CreateHistogram(
            "sharerpc.commit.duration", "s", "Time of a transaction's commit", null, Seconds);
        appends = meter.CreateHistogram(
            "sharerpc.append.duration", "s", "Time from a batch's arrival to its acknowledgement", null, Seconds);
        ops = meter.CreateCounter<long>("sharerpc.append.ops", "{op}", "Ops of batches, by what became of them");
        delivered = meter.CreateCounter<long>("sharerpc.read.ops", "{op}", "Ops in the pages that readers got");
        redemptions = meter.CreateCounter<long>("sharerpc.redemptions", "{redemption}", "Tokens redeemed or refused");
        errors = meter.CreateCounter<long>("sharerpc.errors", "{error}", "Calls and requests answered with an error");
    }

    /// <summary>Returns the time for <see cref="Appended"/>; 0 if nobody listens.</summary>
    public long BeginAppend() => appends.Enabled ? Stopwatch.GetTimestamp() : 0;

    public void Appended(Ack ack, long begun)
    {
        if (begun == 0) return;
        appends.Record(Stopwatch.GetElapsedTime(begun).TotalSeconds);
        if (ack.Applied.Count > 0) ops.Add(ack.Applied.Count, Applied);
        if (ack.Duplicates.Count > 0) ops.Add(ack.Duplicates.Count, Duplicate);
        if (ack.Rejected.Count > 0) ops.Add(ack.Rejected.Count, Rejected);
    }

    public void Committed(double seconds) => commits.Record(seconds);

    public void Delivered(long count)
    {
        if (count > 0) delivered.Add(count);
    }

    public void Redeemed() => redemptions.Add(1, Ok);

    public void Refused(ErrorCode code)
    {
        if (redemptions.Enabled)
            redemptions.Add(1, new KeyValuePair<string, object?>(OutcomeLabel, ErrorCodes.NameOf(code)));
    }

    /// <summary>Counts an error that a call or a request was answered with.</summary>
    public void Answered(ErrorCode code)
    {
        if (errors.Enabled) errors.Add(1, new KeyValuePair<string, object?>(ErrorLabel, ErrorCodes.NameOf(code)));
    }
}
