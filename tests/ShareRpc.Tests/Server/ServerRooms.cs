using Microsoft.Extensions.Logging.Abstractions;
using ShareRpc.Protocol.Ids;
using ShareRpc.Protocol.Json;
using ShareRpc.Protocol.Limits;
using ShareRpc.Protocol.Messages;
using ShareRpc.Protocol.Ops;
using ShareRpc.Protocol.Tokens;
using ShareRpc.Server;
using ShareRpc.Server.Access;
using ShareRpc.Server.Access.Changes;
using ShareRpc.Server.Access.Redeeming;
using ShareRpc.Server.Append;
using ShareRpc.Server.Commit;
using ShareRpc.Server.Connections;
using ShareRpc.Server.Fold;
using ShareRpc.Server.Maintenance;
using ShareRpc.Server.Read;
using ShareRpc.Server.Storage.Sqlite;
using ShareRpc.Server.Turns;
using ShareRpc.Tests.Fakes;

namespace ShareRpc.Tests.Server;

/// <summary>
/// The rooms of a server without its network and background loops: the log on a medium that can fail, and the capabilities.
/// </summary>
internal sealed class ServerRooms : IDisposable
{
    private readonly TemporaryDirectory directory = new();
    private readonly CancellationTokenSource draining = new();

    private ServerRooms(ServerLimits limits, ProtocolLimits protocolLimits, long? compactAfterOps)
    {
        Limits = limits;
        Store = new FaultyStore(SqliteShareStore.Open(directory["shares.db"], Clock));
        Verifier = new TokenVerifier(SecretKeys.Open(directory.Path, isNew: true), limits);
        Queue = new CommitQueue(limits);
        Owed = new OwedRevocations(Queue, limits, Clock);
        Registry = new AuthorityRegistry { Owed = Owed };
        Folder = new Folder(Store, Queue, limits, Clock, NullLogger<Folder>.Instance, compactAfterOps);
        Broadcaster = new Broadcaster(limits);
        Meter = new CommitMeter(Clock);
        Loop = new CommitLoop(Queue, Store, Broadcaster, Folder, limits, Clock, NullLogger<CommitLoop>.Instance, Meter);
        Tickets = new TicketBook(limits, Clock);
        Audit = new AuditBook(Queue, limits, Clock, NullLogger<AuditBook>.Instance);
        Guard = new RedemptionLimits(limits, Clock);
        Log = new ShareLog(Queue, protocolLimits, limits, Audit);
        Reads = new ShareReads(Store, Folder, protocolLimits, Clock, draining.Token);
        Redeemer = new Redeemer(Store, Queue, Verifier, Tickets, new VerifiedTokens(limits, Clock), Registry, Guard, Audit, Clock);
        Eraser = new ShareEraser(Store, Queue, limits, Clock, NullLogger<ShareEraser>.Instance);
        Admin = new CapabilityAdmin(
            Store, Queue, Verifier, Registry, Broadcaster, Eraser, protocolLimits, NullLogger<CapabilityAdmin>.Instance);
        Sweeper = new TurnSweeper(Store, Queue, Writers, limits, Clock, NullLogger<TurnSweeper>.Instance);
        Changes = new CapabilityChanges(Store, Queue, Verifier, Registry);
        Lists = new CapabilityLists(Store, Registry, Audit, protocolLimits, Clock);
        Services = new RpcServices(
            Store, Log, Reads, Broadcaster, Writers, Redeemer, Tickets, Registry, Admin, Changes, Lists,
            new ServerHealth(Queue, Meter, Registry, Clock), Guard, Audit, new ClientAddress([]), Clock, protocolLimits, limits,
            NullLogger<RpcSession>.Instance);
    }

    public ManualTimeProvider Clock { get; } = new();

    /// <summary>The data directory.</summary>
    public string Path => directory.Path;

    public ServerLimits Limits { get; }

    public FaultyStore Store { get; }

    public TokenVerifier Verifier { get; }

    public CapabilityChanges Changes { get; }

    public AuditBook Audit { get; }

    public RedemptionLimits Guard { get; }

    public CommitMeter Meter { get; }

    public CommitQueue Queue { get; }

    public CommitLoop Loop { get; }

    public Folder Folder { get; }

    public Broadcaster Broadcaster { get; }

    public LiveWriters Writers { get; } = new();

    public TurnSweeper Sweeper { get; }

    public AuthorityRegistry Registry { get; }

    public OwedRevocations Owed { get; }

    public TicketBook Tickets { get; }

    public ShareLog Log { get; }

    public ShareReads Reads { get; }

    public Redeemer Redeemer { get; }

    public ShareEraser Eraser { get; }

    public CapabilityAdmin Admin { get; }

    public CapabilityLists Lists { get; }

    public RpcServices Services { get; }

    public ShareToken RootToken { get; private set; } = null!;

    /// <summary>A live root authority.</summary>
    public Authority Root { get; private set; } = null!;

    public static async Task<ServerRooms> OpenAsync(
        ServerLimits? limits = null, ProtocolLimits? protocolLimits = null, long? compactAfterOps = null)
    {
        var rooms = new ServerRooms(limits ?? ServerLimits.Default, protocolLimits ?? ProtocolLimits.Default, compactAfterOps);
        string path = rooms.directory["root.token"];
        await ShareRpc.Server.Hosting.RootToken.EnsureAsync(rooms.Store, rooms.Verifier, path, rooms.Clock, CancellationToken.None);
        Assert.True(ShareToken.TryParse((await File.ReadAllTextAsync(path)).Trim(), out ShareToken? token));
        rooms.RootToken = token;
        rooms.Root = await rooms.RedeemAsync(token, ofShare: false);
        rooms.Loop.Start();
        return rooms;
    }

    public async Task<Authority> RedeemAsync(
        ShareToken token, string? passphrase = null, string? address = null, bool ofShare = true) =>
        (await Redeemer.RedeemTokenAsync(token.Reveal(), passphrase, ofShare, address, CancellationToken.None)).Authority;

    /// <summary>A new share; its owner's live authority.</summary>
    public async Task<Authority> CreateShareAsync(Authority? creator = null)
    {
        ShareToken token = ShareToken.New(RandomId.New());
        await Admin.CreateShareAsync(
            creator ?? Root, new CreateShareRequest { ShareId = RandomId.New(), CapId = token.CapId, TokenDigest = token.Digest });
        return await RedeemAsync(token);
    }

    /// <summary>A child of a ref; its token.</summary>
    public async Task<ShareToken> AttenuateAsync(Authority parent, Rights rights, Caveats? caveats = null)
    {
        ShareToken token = ShareToken.New(RandomId.New());
        await Admin.AttenuateAsync(
            parent, new AttenuateRequest { CapId = token.CapId, TokenDigest = token.Digest, Rights = rights.ToNames(), Caveats = caveats });
        return token;
    }

    public Task<Ack> AppendAsync(Authority authority, params OpIntent[] ops) =>
        Log.AppendAsync(authority, null, new OpBatch { BatchId = "b", Ops = ops });

    public static OpIntent Put(string key, string json = "{}", string? opId = null) =>
        new() { OpId = opId ?? OpId.New(), Verb = Verbs.Put, Kind = Kinds.Part, Key = key, Data = RawJson.Parse(json) };

    /// <summary>Queues things while a commit is held up, so that they meet in one transaction, and lets it go.</summary>
    public async Task<T> HoldUpAsync<T>(Func<T> enqueue, CancellationToken timeout)
    {
        var committing = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var release = new ManualResetEventSlim();
        Store.BeforeCommit = () =>
        {
            committing.TrySetResult();
            release.Wait(timeout);
        };
        var first = new CommitWork<bool>(_ => true);
        Queue.Enqueue(first);
        await committing.Task.WaitAsync(timeout);
        T queued = enqueue();
        Store.BeforeCommit = null;
        release.Set();
        await first.Completion.WaitAsync(timeout);
        return queued;
    }

    public void Drain() => draining.Cancel();

    public void Dispose()
    {
        Store.Repair();
        Loop.Drain();
        Store.Dispose();
        Verifier.Dispose();
        draining.Dispose();
        directory.Dispose();
    }
}
