using BenchmarkDotNet.Attributes;
using ShareRpc.Benchmarks.Load;
using ShareRpc.Protocol.Ids;
using ShareRpc.Protocol.Json;
using ShareRpc.Protocol.Limits;
using ShareRpc.Protocol.Messages;
using ShareRpc.Protocol.Ops;
using ShareRpc.Server;
using ShareRpc.Server.Access;
using ShareRpc.Server.Append;
using ShareRpc.Server.Commit;
using ShareRpc.Server.Storage;
using ShareRpc.Server.Storage.Sqlite;

namespace ShareRpc.Benchmarks.Micro;

/// <summary>
/// The apply rules and the inserts of a batch, inside a transaction that is then undone: what the commit thread does
/// without its fsync.
/// </summary>
[MemoryDiagnoser]
public class ApplyPiece
{
    private const int Batch = 100;
    private readonly OpBodies bodies = new();
    private readonly LogShareCache shares = new(ServerLimits.Default);
    private DirectoryInfo directory = null!;
    private SqliteShareStore store = null!;
    private Authority authority = null!;
    private OpBatch batch = null!;

    /// <summary>A store with an empty share.</summary>
    [GlobalSetup]
    public async Task SetUp()
    {
        directory = Directory.CreateTempSubdirectory("sharerpc-micro-");
        store = SqliteShareStore.Open(Path.Combine(directory.FullName, "shares.db"), TimeProvider.System,
            neverSyncs: true);
        await using (IWriteTransaction transaction = await store.BeginWriteAsync())
        {
            long root = await transaction.InsertRefAsync(NewRef(null, RightsNames.Root));
            long share = await transaction.InsertShareAsync(RandomId.New(), root, null, 1);
            long owner = await transaction.InsertRefAsync(NewRef(share, RightsNames.Owner));
            transaction.SetOwner(share, owner);
            RefRow row = (await transaction.FindRefAsync(owner))!;
            authority = AuthorityOf(row);
            await transaction.CommitAsync();
        }

        batch = new OpBatch
        {
            BatchId = "b1",
            Ops =
            [
                .. Enumerable.Range(1, Batch).Select(seq => new OpIntent
                {
                    OpId = OpId.New(), Seq = seq, Verb = Verbs.Put, Kind = Kinds.Part, Key = $"prt_{seq}",
                    Data = new RawJson(bodies[seq]),
                }),
            ],
        };
    }

    /// <summary>Removes it.</summary>
    [GlobalCleanup]
    public void CleanUp()
    {
        authority.Dispose();
        store.Dispose();
        directory.Delete(recursive: true);
    }

    /// <summary>100 ops of a new writer.</summary>
    [Benchmark(OperationsPerInvoke = Batch)]
    public async Task ApplyOp()
    {
        await using IWriteTransaction transaction = await store.BeginWriteAsync();
        var scope = new CommitScope(transaction, shares, 1_760_000_000_000);
        LogShare share = await shares.GetAsync(transaction, authority.Ref.ShareKey!.Value);
        var prepared = new PreparedBatch(batch, hasWriter: true, ProtocolLimits.Default);
        var lookup = new AppendLookup(share.Key, prepared.OpIds, [], authority.CountedRefs, 0);
        AppendFacts facts = (await transaction.ReadForAppendAsync([lookup]))[0];
        await new ApplyRules(
            scope, share, authority, "0000000000000000000001", ProtocolLimits.Default, ServerLimits.Default, facts)
            .ApplyAsync(prepared);
        shares.Clear();
    }

    private static Authority AuthorityOf(RefRow row) => new(row, [row], null, TimeProvider.System);

    private static RefRow NewRef(long? share, Rights rights) => new()
    {
        CapId = RandomId.New(), ShareKey = share, Rights = rights, Caveats = Caveats.None, Verifier = [],
    };
}
