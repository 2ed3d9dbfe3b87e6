using ShareRpc.Protocol.Ids;
using ShareRpc.Protocol.Json;
using ShareRpc.Protocol.Messages;
using ShareRpc.Protocol.Ops;
using ShareRpc.Protocol.Tokens;
using ShareRpc.Server;
using ShareRpc.Server.Access;
using ShareRpc.Server.Storage;
using ShareRpc.Server.Storage.Sqlite.Checking;
using ShareRpc.Tests.Fakes;

namespace ShareRpc.Tests.Server.Maintenance;

/// <summary>What was deleted is in no file any more: the database, its log, a new backup.</summary>
public sealed class ErasureTests
{
    private const string Canary = "canary-9b1f";
    private static readonly int[] Sizes = [1, 8, 40, 130, 500, 1_700];
    private readonly CancellationToken timeout = new CancellationTokenSource(TimeSpan.FromMinutes(1)).Token;

    [Fact]
    public async Task Nothing_of_a_deleted_share_is_in_any_file_whatever_is_written_beside_it_and_afterwards()
    {
        using ServerRooms rooms = await ServerRooms.OpenAsync(new ServerLimits { FoldSliceDocs = 16 });
        using var backups = new TemporaryDirectory();
        Authority first = await CreateAsync(rooms, Canary);
        Authority second = await CreateAsync(rooms, Canary);
        Authority other = await rooms.CreateShareAsync();
        await WriteAsync(rooms, 900, first, second, other);
        Assert.NotEmpty(FileBytes.FilesWith(rooms.Path, Canary));
        using var erasing = new CancellationTokenSource();
        Task eraser = rooms.Eraser.RunAsync(() => { }, erasing.Token);

        // The second share is erased later than pages of the first were taken apart.
        foreach (Authority owner in new[] { first, second })
        {
            await rooms.Admin.DeleteShareAsync(rooms.Root, new DeleteShareRequest { ShareId = owner.ShareId! });
            await ErasedAsync(rooms);
            await WriteAsync(rooms, 60, other);
        }

        Assert.Empty(FileBytes.FilesWith(rooms.Path, Canary));
        DataBackup.Run(rooms.Path, backups["copy"], null, timeout);
        Assert.Empty(FileBytes.FilesWith(backups.Path, Canary));
        await rooms.Folder.FoldShareAsync(other.Ref.ShareKey!.Value);
        await WriteAsync(rooms, 300, other);
        rooms.LogMaintenance.Copy();
        Assert.Empty(FileBytes.FilesWith(rooms.Path, Canary));
        await using (IReadSnapshot snapshot = await rooms.Store.BeginReadAsync())
            Assert.Equal(1_320, await snapshot.ReadHeadAsync(other.Ref.ShareKey.Value));
        await erasing.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => eraser);
    }

    [Fact]
    public async Task A_share_is_erased_only_when_no_reader_keeps_its_log_and_after_a_restart_too()
    {
        using ServerRooms rooms = await ServerRooms.OpenAsync();
        Authority owner = await CreateAsync(rooms, Canary);
        await WriteAsync(rooms, 50, owner);
        IReadSnapshot reader = await rooms.Store.BeginReadAsync();
        await reader.ReadHeadAsync(owner.Ref.ShareKey!.Value);
        using var erasing = new CancellationTokenSource();
        Task eraser = rooms.Eraser.RunAsync(() => { }, erasing.Token);
        Task waits = rooms.Clock.TimerAsync(due => due == rooms.Limits.StorageRetryAfter);
        await rooms.Admin.DeleteShareAsync(rooms.Root, new DeleteShareRequest { ShareId = owner.ShareId! });
        await waits.WaitAsync(timeout);
        await using (IReadSnapshot now = await rooms.Store.BeginReadAsync())
            Assert.NotNull(await now.FindUnerasedShareAsync());

        // As after a crash: another run finds nothing to erase but the log.
        await erasing.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => eraser);
        await reader.DisposeAsync();
        Assert.NotEmpty(FileBytes.FilesWith(rooms.Path, Canary));
        using var again = new CancellationTokenSource();
        eraser = rooms.Eraser.RunAsync(() => { }, again.Token);
        await ErasedAsync(rooms);
        Assert.Empty(FileBytes.FilesWith(rooms.Path, Canary));
        await again.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => eraser);
    }

    [Fact]
    public async Task A_step_of_an_erase_is_small_in_rows_and_bytes()
    {
        using ServerRooms rooms = await ServerRooms.OpenAsync();
        Authority owner = await rooms.CreateShareAsync();
        string large = $$"""{"text":"{{new string('x', 100_000)}}"}""";
        await rooms.AppendAsync(owner, [.. Enumerable.Range(0, 20).Select(i => ServerRooms.Put($"large{i}", large))]);
        await rooms.AppendAsync(owner, [.. Enumerable.Range(0, 500).Select(i => ServerRooms.Put($"k{i}"))]);
        await rooms.Folder.FoldShareAsync(owner.Ref.ShareKey!.Value);
        await rooms.Admin.DeleteShareAsync(rooms.Root, new DeleteShareRequest { ShareId = owner.ShareId! });
        int commits = rooms.Store.Commits;
        using var erasing = new CancellationTokenSource();
        Task eraser = rooms.Eraser.RunAsync(() => { }, erasing.Token);
        await ErasedAsync(rooms);

        // 20 ops of 100 kB, two at a time, 500 small ones, 520 documents, which are pointers, and 520 ids.
        Assert.InRange(rooms.Store.Commits - commits, 10 + 5 + 5 + 5, 10 + 5 + 5 + 5 + 8);
        await erasing.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => eraser);
    }

    [Fact]
    public async Task What_compaction_drops_and_what_a_put_replaces_is_in_no_file_after_the_log_was_copied()
    {
        using ServerRooms rooms = await ServerRooms.OpenAsync(compactAfterOps: 5);
        Authority owner = await rooms.CreateShareAsync();
        foreach (int size in Sizes)
        {
            string text = string.Concat(Enumerable.Repeat(Canary, size));
            await rooms.AppendAsync(owner, ServerRooms.Put("k", $$"""{"text":"{{text}}"}"""));
            await rooms.Folder.FoldShareAsync(owner.Ref.ShareKey!.Value);
        }

        for (int i = 0; i < 8; i++) await rooms.AppendAsync(owner, ServerRooms.Put("k", $$"""{"v":{{i}}}"""));
        await rooms.Folder.FoldShareAsync(owner.Ref.ShareKey!.Value);
        await PurgeAsync(rooms);
        Assert.Empty(FileBytes.FilesWith(rooms.Path, Canary));
    }

    [Fact]
    public async Task The_row_of_an_ended_grant_is_in_no_file_once_it_is_deleted()
    {
        using ServerRooms rooms = await ServerRooms.OpenAsync();
        Authority owner = await rooms.CreateShareAsync();
        ShareToken link = await rooms.AttenuateAsync(owner, Rights.Read, new Caveats { MaxUses = 9 });
        ShareToken grant = ShareToken.New(RandomId.New());
        await rooms.RedeemAsync(link, grant: grant);
        byte[] verifier;
        await using (IReadSnapshot snapshot = await rooms.Store.BeginReadAsync())
            verifier = (await snapshot.FindRefAsync(grant.CapId))!.Verifier;
        Assert.NotEmpty(FileBytes.FilesWith(rooms.Path, verifier));
        rooms.Clock.Advance(rooms.Limits.GrantTime + rooms.Limits.EndedGrantTime);
        await rooms.Grants.SweepAsync();
        await PurgeAsync(rooms);
        Assert.Empty(FileBytes.FilesWith(rooms.Path, verifier));
    }

    private static async Task PurgeAsync(ServerRooms rooms)
    {
        Task<bool> purge = rooms.Store.PurgeAsync();
        var work = new ShareRpc.Server.Commit.CommitWork<bool>(_ => ValueTask.FromResult(true));
        rooms.Queue.Enqueue(work);
        await work.Completion;
        Assert.True(await purge);
    }

    private static async Task<Authority> CreateAsync(ServerRooms rooms, string label)
    {
        ShareToken token = ShareToken.New(RandomId.New());
        await rooms.Admin.CreateShareAsync(rooms.Root, new CreateShareRequest
        {
            ShareId = RandomId.New(), CapId = token.CapId, TokenDigest = token.Digest, Label = label,
        });
        return await rooms.RedeemAsync(token);
    }

    /// <summary>Ops of many sizes and keys, in turn for each share, with folds in between.</summary>
    private static async Task WriteAsync(ServerRooms rooms, int ops, params Authority[] owners)
    {
        var dice = new Dice(ops);
        for (int i = 0; i < ops; i += 30)
        {
            foreach (Authority owner in owners)
            {
                string name = owner == owners[^1] && owners.Length != 1 ? "other" : Canary;
                if (owners.Length == 1 && ops != 50) name = "other";
                await rooms.AppendAsync(owner, [.. Enumerable.Range(0, 30).Select(_ => Op(dice, name))]);
                if (i % 90 == 0) await rooms.Folder.FoldShareAsync(owner.Ref.ShareKey!.Value);
            }
        }
    }

    private static OpIntent Op(Dice dice, string name)
    {
        string text = string.Concat(Enumerable.Repeat(name, Sizes[dice.Next(Sizes.Length)]));
        OpIntent op = ServerRooms.Put(
            $"{name}{dice.Next(400)}", $$"""{"text":"{{text}}"}""", $"{name}-{Guid.CreateVersion7():N}");
        return dice.Next(4) switch
        {
            0 => op with { Verb = Verbs.Append, Data = RawJson.Parse($$"""{"field":"text","text":"{{name}}"}""") },
            1 => op with { Verb = Verbs.Remove, Data = null },
            _ => op,
        };
    }

    private async Task ErasedAsync(ServerRooms rooms)
    {
        while (true)
        {
            timeout.ThrowIfCancellationRequested();
            rooms.Eraser.Wake();
            await using (IReadSnapshot snapshot = await rooms.Store.BeginReadAsync())
            {
                if (await snapshot.FindUnerasedShareAsync() is null) return;
            }

            rooms.Clock.Advance(rooms.Limits.StorageRetryAfter);
            await Task.Yield();
        }
    }
}
