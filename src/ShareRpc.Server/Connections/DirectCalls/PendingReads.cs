using System.Text.Json;

namespace ShareRpc.Server.Connections.DirectCalls;

/// <summary>Shares one timer, which may fire early. Bounded by <c>waiting_reads</c>. Any thread.</summary>
internal sealed class PendingReads(TimeProvider time) : IDisposable
{
    private const int MaxCancellationBytes = 512;

    private readonly Lock gate = new();
    private readonly List<PendingRead> waiting = [];
    private ITimer? timer;
    private long timerDue;
    private bool isDisposed;

    public long DeadlineIn(int milliseconds) => time.GetTimestamp() + (milliseconds * time.TimestampFrequency / 1_000);

    public void Add(PendingRead read)
    {
        lock (gate)
        {
            waiting.Add(read);
            if (timer is null || read.Deadline < timerDue) SetTimer(read.Deadline!.Value);
        }
    }

    public void Remove(PendingRead read)
    {
        lock (gate) waiting.Remove(read);
    }

    public void WakeAll()
    {
        PendingRead[] all;
        lock (gate) all = [.. waiting];
        foreach (PendingRead read in all) read.Wake();
    }

    /// <summary>Cancels the read of a <c>$/cancelRequest</c>; false if it names none of these.</summary>
    public bool TryCancel(ReadOnlySpan<byte> message)
    {
        if (message.Length > MaxCancellationBytes || message.IndexOf("cancelRequest"u8) < 0) return false;
        try
        {
            using JsonDocument document = JsonDocument.Parse(message.ToArray());
            if (document.RootElement.GetProperty("method"u8).GetString() != "$/cancelRequest") return false;
            JsonElement id = document.RootElement.GetProperty("params"u8).GetProperty("id"u8);
            PendingRead? named;
            lock (gate) named = waiting.Find(read => HasId(read, id));
            named?.Cancel();
            return named is not null;
        }
        catch (Exception exception) when (
            exception is JsonException or InvalidOperationException or KeyNotFoundException)
        {
            return false;
        }
    }

    public void Dispose()
    {
        lock (gate)
        {
            isDisposed = true;
            timer?.Dispose();
        }
    }

    private static bool HasId(PendingRead read, JsonElement id)
    {
        using JsonDocument own = JsonDocument.Parse(read.Id);
        return JsonElement.DeepEquals(own.RootElement, id);
    }

    private void SetTimer(long due)
    {
        if (isDisposed) return;
        timerDue = due;
        TimeSpan left = time.GetElapsedTime(time.GetTimestamp(), due);
        if (left < TimeSpan.Zero) left = TimeSpan.Zero;
        if (timer is null) timer = time.CreateTimer(_ => EndOverdue(), null, left, Timeout.InfiniteTimeSpan);
        else timer.Change(left, Timeout.InfiniteTimeSpan);
    }

    private void EndOverdue()
    {
        List<PendingRead> overdue;
        lock (gate)
        {
            long now = time.GetTimestamp();
            overdue = waiting.FindAll(read => read.Deadline <= now);
            timerDue = long.MaxValue;
            List<PendingRead> others = waiting.FindAll(read => read.Deadline > now);
            if (others.Count > 0) SetTimer(others.Min(read => read.Deadline!.Value));
        }

        foreach (PendingRead read in overdue) read.EndWait();
    }
}
