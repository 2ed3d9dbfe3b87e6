using System.Collections.Concurrent;
using System.Threading.Channels;
using ShareRpc.Client;
using ShareRpc.Protocol.Errors;
using ShareRpc.Protocol.Ids;
using ShareRpc.Protocol.Limits;
using ShareRpc.Protocol.Messages;
using ShareRpc.Protocol.Ops;
using ShareRpc.Protocol.Tokens;
using StreamJsonRpc;

namespace ShareRpc.Tests.Fakes;

/// <summary>
/// A server in memory that keeps to the apply rules as far as a client can tell, writes down all that it is asked, and
/// misbehaves as a test tells it to. Thread-safe; one lock.
/// </summary>
internal sealed class ScriptedServer : IDisposable
{
    private readonly ConcurrentBag<ScriptedConnection> connections = [];
    private readonly Channel<object> calls = Channel.CreateUnbounded<object>();
    private TaskCompletionSource handleReleased = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly SemaphoreSlim connected = new(0);
    private int connectCount;

    public Lock Gate { get; } = new();

    public ProtocolLimits Limits { get; set; } = ProtocolLimits.Default;

    /// <summary>Refs by token digest, with the share they open; null for a creator's.</summary>
    public Dictionary<string, ScriptedRef> Refs { get; } = [];

    public Dictionary<string, ScriptedShare> Shares { get; } = [];

    /// <summary>Every request object received and not taken by the test yet, in order.</summary>
    public ChannelReader<object> Calls => calls.Reader;

    public bool IsDown { get; set; }

    /// <summary>Entries of one page of a list.</summary>
    public int ListPage { get; set; } = int.MaxValue;

    /// <summary>When given, connections are WebSockets, closed with 1009 over a longer message.</summary>
    public int? FrameBytes { get; set; }

    /// <summary>Of those connections, the longest message until one of them holds a handle.</summary>
    public int UnprovenBytes { get; set; } = int.MaxValue;

    public int Connects => Volatile.Read(ref connectCount);

    /// <summary>Looks at each request first: may throw, and so refuse it.</summary>
    public Action<object>? Refuse { get; set; }

    /// <summary>Runs after a redemption was counted and before it is answered.</summary>
    public Func<RedeemShareRequest, Task>? AfterUse { get; set; }

    /// <summary>Answers a batch instead of the share's log, when it gives an ack.</summary>
    public Func<OpBatch, Ack?>? AnswerBatch { get; set; }

    /// <summary>Runs after a batch was applied and before it is answered.</summary>
    public Func<OpBatch, Task>? BeforeAck { get; set; }

    /// <summary>The transport of a client.</summary>
    public Task<IJsonRpcMessageHandler> ConnectAsync(Uri server, CancellationToken cancellationToken)
    {
        Interlocked.Increment(ref connectCount);
        connected.Release();
        if (IsDown) throw new DisconnectedException(null);
        var connection = new ScriptedConnection(this);
        connections.Add(connection);
        return Task.FromResult(connection.ClientEnd);
    }

    /// <summary>Makes a creator ref, as an administrator would.</summary>
    public ShareToken AddCreator() => AddRef(null, RightsNames.Creator);

    /// <summary>Makes a share with a ref of the given rights, as somebody else's client would.</summary>
    public (ScriptedShare Share, ShareToken Token) AddShare(string shareId, Rights rights = RightsNames.Owner)
    {
        var share = new ScriptedShare(shareId);
        lock (Gate) Shares.Add(shareId, share);
        return (share, AddRef(shareId, rights));
    }

    public ShareToken AddRef(string? shareId, Rights rights)
    {
        var token = ShareToken.New(RandomId.New());
        lock (Gate) Refs.Add(token.Digest, new ScriptedRef(token.CapId, shareId, rights));
        return token;
    }

    public void Note(object request)
    {
        calls.Writer.TryWrite(request);
        Refuse?.Invoke(request);
    }

    public ScriptedRef Redeem(string? token)
    {
        lock (Gate)
        {
            if (!ShareToken.TryParse(token, out ShareToken? parsed)
                || !Refs.TryGetValue(parsed.Digest, out ScriptedRef? found))
            {
                throw new ShareRpcException(ErrorCode.InvalidToken);
            }

            if (found.DeadCode is not { } code) return found;
            throw new ShareRpcException(code) { Action = found.IsGrant ? ErrorAction.Redeem
                : ErrorCodes.ActionOf(code) };
        }
    }

    /// <summary>
    /// Counts a use of a counted ref, and stores the grant that is asked for; gives what the caller gets to hold.
    /// </summary>
    public ScriptedRef Use(ScriptedRef link, GrantRequest? grant)
    {
        lock (Gate)
        {
            if (link.UsesLeft is not { } left) return link;
            if (grant is not null && Refs.TryGetValue(grant.TokenDigest, out ScriptedRef? known))
            {
                return known.DeadCode is { } code ? throw new ShareRpcException(code) { Action = ErrorAction.Redeem }
                    : known;
            }

            if (left == 0) throw new ShareRpcException(ErrorCode.CapabilityUsedUp);
            link.UsesLeft--;
            if (grant is null) return link;
            var made = new ScriptedRef(grant.CapId, link.ShareId, link.Rights) { IsGrant = true };
            Refs.Add(grant.TokenDigest, made);
            return made;
        }
    }

    /// <summary>The next call of a kind; others before it are dropped.</summary>
    public async Task<T> NextAsync<T>(CancellationToken cancellationToken)
    {
        while (true)
        {
            if (await calls.Reader.ReadAsync(cancellationToken) is T wanted) return wanted;
        }
    }

    /// <summary>Breaks every connection.</summary>
    public void Drop()
    {
        foreach (ScriptedConnection connection in connections) connection.Dispose();
    }

    /// <summary>Handles that clients hold, now, on all connections.</summary>
    public int LiveHandles => connections.Sum(connection => Volatile.Read(ref connection.LiveHandles));

    /// <summary>Ends when no client holds a handle.</summary>
    public async Task HandlesGoneAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            Task released = handleReleased.Task;
            if (LiveHandles == 0) return;
            await released.WaitAsync(cancellationToken);
        }
    }

    /// <summary>Ends when clients have tried to connect so many times in all.</summary>
    public async Task ConnectedAsync(int count, CancellationToken cancellationToken)
    {
        while (Connects < count) await connected.WaitAsync(cancellationToken);
    }

    /// <summary>Called by handles when their client lets go of them.</summary>
    public void HandleReleased() =>
        Interlocked.Exchange(ref handleReleased,
            new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).SetResult();

    public void Dispose()
    {
        Drop();
        connected.Dispose();
    }
}
