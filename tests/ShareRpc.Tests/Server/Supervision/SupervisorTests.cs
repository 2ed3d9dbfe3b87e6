using System.Diagnostics.Metrics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Logging;
using ShareRpc.Protocol.Errors;
using ShareRpc.Protocol.Messages;
using ShareRpc.Protocol.Ops;
using ShareRpc.Server;
using ShareRpc.Server.Access;
using ShareRpc.Server.Commit;
using ShareRpc.Server.Hosting;
using ShareRpc.Server.Storage;
using ShareRpc.Server.Supervision;
using ShareRpc.Tests.Server.Hosting;

namespace ShareRpc.Tests.Server.Supervision;

/// <summary>
/// Every background loop meets an exception that nobody expects, again and again, and goes on when that ends.
/// </summary>
public sealed class SupervisorTests
{
    private const string Message = "nobody expects this";
    private readonly CancellationToken timeout = new CancellationTokenSource(TimeSpan.FromMinutes(3)).Token;

    [Theory]
    [InlineData("commit")]
    [InlineData("fold")]
    [InlineData("erase")]
    [InlineData("owed revocations")]
    [InlineData("turn sweep")]
    [InlineData("audit")]
    [InlineData("audit seal")]
    [InlineData("grants")]
    public async Task A_loop_that_throws_is_started_again_reported_and_recovers(string loop)
    {
        var logs = new CapturedLogs();
        using ServerRooms rooms = await ServerRooms.OpenAsync(
            new ServerLimits { LogBytes = 1 }, isSupervised: true,
            configure: services => services.AddLogging(logging => logging.AddProvider(logs)));
        var supervisor = rooms.Get<Supervisor>();
        ArmTimer(rooms, loop);
        supervisor.Start();
        Authority owner = await rooms.CreateShareAsync(), other = await rooms.CreateShareAsync();
        ArmStore(rooms, loop);
        Action? poison = loop == "commit" ? () => rooms.Queue.Enqueue(new PoisonItem()) : null;
        if (loop == "owed revocations") await OweAsync(rooms, other);

        await AdvanceUntilAsync(rooms, owner, () => supervisor.Failing.Contains(loop), poison: poison);
        Assert.Equal(HealthStatus.Unhealthy, await HealthAsync(rooms));
        Assert.Contains((loop, 1), Gauge(rooms));
        Assert.Contains(logs.Lines,
            line => line.Contains($"loop {loop} failed, 3 times in a row", StringComparison.Ordinal)
            && line.Contains(Message, StringComparison.Ordinal) && line.Contains("event 33", StringComparison.Ordinal));

        Disarm(rooms);
        await AdvanceUntilAsync(rooms, owner, () => supervisor.Failing.Count == 0);
        Assert.Equal(HealthStatus.Healthy, await HealthAsync(rooms));
        Assert.Contains((loop, 0), Gauge(rooms));
        long head = (await rooms.AppendAsync(owner, ServerRooms.Put("last"))).Cursor;
        await AdvanceUntilAsync(rooms, owner: null, async () => await FoldedAsync(rooms, owner) >= head);
    }

    [Fact]
    public async Task The_waits_before_a_loop_starts_again_double_up_to_a_limit()
    {
        var limits =
            new ServerLimits { LoopRestart = TimeSpan.FromSeconds(1), LoopRestartMax = TimeSpan.FromSeconds(3) };
        using ServerRooms rooms = await ServerRooms.OpenAsync(limits, isSupervised: true);
        rooms.Store.BeforeRead = Throw; // the eraser reads as soon as it starts
        rooms.Get<Supervisor>().Start();
        foreach (int seconds in new[] { 1, 2, 3, 3 })
        {
            await AdvanceUntilAsync(rooms, owner: null, () => rooms.Clock.Waits(TimeSpan.FromSeconds(seconds)),
                TimeSpan.FromSeconds(1));
        }
    }

    [Fact]
    public async Task A_commit_loop_that_waits_to_start_again_answers_what_waits_when_the_server_stops()
    {
        using ServerRooms rooms = await ServerRooms.OpenAsync(isSupervised: true);
        rooms.Get<Supervisor>().Start();
        Authority owner = await rooms.CreateShareAsync();
        rooms.Queue.Enqueue(new PoisonItem());
        await AdvanceUntilAsync(rooms, owner: null, () => rooms.Clock.Waits(rooms.Limits.LoopRestart), TimeSpan.Zero);
        Task<Ack> waiting = rooms.AppendAsync(owner, ServerRooms.Put("late"));
        Assert.False(waiting.IsCompleted);
        await rooms.CloseAsync();
        Assert.Single((await waiting.WaitAsync(timeout)).Applied);
    }

    private static void Throw() => throw new InvalidOperationException(Message);

    /// <summary>Breaks the wait of the loops that do nothing else which could throw.</summary>
    private static void ArmTimer(ServerRooms rooms, string loop)
    {
        TimeSpan? wait = loop switch
        {
            "owed revocations" => rooms.Limits.StorageRetryAfter,
            "audit" => rooms.Limits.AuditInterval,
            "audit seal" => rooms.Limits.AuditSealInterval,
            "grants" => rooms.Limits.GrantSweepInterval,
            _ => null,
        };
        rooms.Clock.OnTimer = due =>
        {
            if (due == wait) Throw();
        };
    }

    private static void ArmStore(ServerRooms rooms, string loop)
    {
        if (loop is "fold" or "erase" or "turn sweep") rooms.Store.BeforeRead = Throw;
        rooms.Eraser.Wake();
    }

    private static void Disarm(ServerRooms rooms)
    {
        rooms.Clock.OnTimer = null;
        rooms.Store.BeforeRead = null;
    }

    private static async Task OweAsync(ServerRooms rooms, Authority owner)
    {
        rooms.Store.Break();
        var request = new RevokeCapabilityRequest { CapId = owner.Ref.CapId };
        var failed = await Assert.ThrowsAsync<ShareRpcException>(() => rooms.Admin.RevokeAsync(owner, request));
        Assert.Equal(ErrorCode.RevocationNotDurable, failed.Code);
        rooms.Store.Repair();
    }

    private static async Task<HealthStatus> HealthAsync(ServerRooms rooms)
    {
        HealthReport report =
            await rooms.Get<HealthCheckService>().CheckHealthAsync(check => check.Tags.Contains(ReadyCheck.Tag));
        return report.Status;
    }

    private static async ValueTask<long> FoldedAsync(ServerRooms rooms, Authority owner)
    {
        await using IReadSnapshot snapshot = await rooms.Store.BeginReadAsync();
        return (await snapshot.FindShareAsync(owner.Ref.ShareKey!.Value))!.Folded;
    }

    /// <summary>What the metric says of each loop of this server.</summary>
    private static List<(string Loop, int Failing)> Gauge(ServerRooms rooms)
    {
        var found = new List<(string, int)>();
        using var listener = new MeterListener();
        listener.InstrumentPublished = (instrument, listening) =>
        {
            bool isOurs = instrument.Name == "sharerpc.loop.failing"
                && instrument.Meter.Scope == rooms.Get<IMeterFactory>();
            if (isOurs) listening.EnableMeasurementEvents(instrument);
        };
        listener.SetMeasurementEventCallback<int>((_, value, tags, _) => found.Add(((string)tags[0].Value!, value)));
        listener.Start();
        listener.RecordObservableInstruments();
        return found;
    }

    /// <summary>Lets time pass, and appends if there is an owner, until something has come of it.</summary>
    private Task AdvanceUntilAsync(
        ServerRooms rooms, Authority? owner, Func<bool> condition, TimeSpan? step = null, Action? poison = null) =>
        AdvanceUntilAsync(rooms, owner, () => ValueTask.FromResult(condition()), step, poison);

    private async Task AdvanceUntilAsync(
        ServerRooms rooms, Authority? owner, Func<ValueTask<bool>> condition, TimeSpan? step = null,
            Action? poison = null)
    {
        while (!await condition())
        {
            timeout.ThrowIfCancellationRequested();
            poison?.Invoke();
            if (owner is not null) _ = rooms.AppendAsync(owner, ServerRooms.Put("k"));
            rooms.Clock.Advance(step ?? TimeSpan.FromSeconds(5));
            await Task.Run(() => { }, timeout);
        }
    }

    /// <summary>Throws where no item may: while the loop takes it from the queue.</summary>
    private sealed class PoisonItem : CommitItem
    {
        public override int Ops => throw new InvalidOperationException(Message);

        public override ValueTask ExecuteAsync(CommitScope scope) => default;

        public override void Complete()
        {
        }

        public override void Fail(ShareRpcException error)
        {
        }
    }
}
