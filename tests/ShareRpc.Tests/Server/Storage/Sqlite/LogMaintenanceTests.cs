using ShareRpc.Server;
using ShareRpc.Server.Access;
using ShareRpc.Server.Storage;

namespace ShareRpc.Tests.Server.Storage.Sqlite;

public sealed class LogMaintenanceTests
{
    private const long Bound = 256 * 1024;
    private static readonly string Data = $$"""{"text":"{{new string('x', 20_000)}}"}""";
    private readonly CancellationToken timeout = new CancellationTokenSource(TimeSpan.FromMinutes(3)).Token;

    [Fact]
    public async Task Invariant_I9_the_log_of_the_database_does_not_grow_while_appends_never_end()
    {
        using ServerRooms rooms = await ServerRooms.OpenAsync(new ServerLimits { LogBytes = Bound });
        Authority owner = await rooms.CreateShareAsync();
        Task[] writers = [.. Enumerable.Range(0, 8).Select(_ => Task.Run(AppendAsync, timeout))];
        long largest = 0;
        while (writers.Any(writer => !writer.IsCompleted))
        {
            timeout.ThrowIfCancellationRequested();
            rooms.LogMaintenance.Copy();
            largest = Math.Max(largest, LogLength(rooms));
            await Task.Yield();
        }

        await Task.WhenAll(writers);
        Assert.InRange(largest, 1, 16 * Bound); // what is appended while a copy is made comes on top

        // 64 times the bound is written.
        async Task AppendAsync()
        {
            for (int i = 0; i < 100; i++) await rooms.AppendAsync(owner, ServerRooms.Put($"k{i % 10}", Data));
        }
    }

    [Fact]
    public async Task The_log_grows_on_while_somebody_reads_an_old_moment_and_shrinks_back_after_it()
    {
        var limits = new ServerLimits { LogBytes = Bound, LogPause = TimeSpan.FromMilliseconds(1) };
        using ServerRooms rooms = await ServerRooms.OpenAsync(limits);
        Authority owner = await rooms.CreateShareAsync();
        await using (IReadSnapshot old = await rooms.Store.BeginReadAsync())
        {
            Assert.Equal(0, await old.ReadHeadAsync(owner.Ref.ShareKey!.Value));
            await AppendAsync(60);
            Assert.Equal(0, await old.ReadHeadAsync(owner.Ref.ShareKey!.Value));
        }

        Assert.InRange(LogLength(rooms), 4 * Bound, long.MaxValue);
        await AppendAsync(2);
        long length = LogLength(rooms);
        await AppendAsync(60);
        Assert.Equal(length, LogLength(rooms));

        async Task AppendAsync(int ops)
        {
            for (int i = 0; i < ops; i++)
            {
                await rooms.AppendAsync(owner, ServerRooms.Put("k", Data));
                if (i % 20 == 0) rooms.LogMaintenance.Copy();
            }
        }
    }

    private static long LogLength(ServerRooms rooms) => new FileInfo(Path.Combine(rooms.Path, "shares.db-wal")).Length;
}
