using System.Text.Json;
using BenchmarkDotNet.Attributes;
using ShareRpc.Benchmarks.Load;
using ShareRpc.Protocol.Ids;
using ShareRpc.Protocol.Json;
using ShareRpc.Protocol.Ops;
using ShareRpc.Protocol.Tokens;
using ShareRpc.Server.Access.Redeeming;
using ShareRpc.Server.Storage;

namespace ShareRpc.Benchmarks.Micro;

/// <summary>The pieces that every op or redemption goes through, one at a time, without disk and network.</summary>
[MemoryDiagnoser]
public class HotPieces
{
    private const int Batch = 100;
    private static readonly RawJson Addition = RawJson.Parse("""{"field":"text","text":"and some more of it "}""");
    private readonly OpBodies bodies = new();
    private readonly ShareToken token = ShareToken.New(RandomId.New());
    private byte[] batch = [];
    private OpIntent op = null!;
    private LoggedOp logged = null!;
    private readonly string data = Directory.CreateTempSubdirectory("sharerpc").FullName;
    private TokenVerifier tokens = null!;
    private byte[] verifier = [];

    /// <summary>Makes what the pieces work on.</summary>
    [GlobalSetup]
    public void SetUp()
    {
        OpIntent[] ops = [.. Enumerable.Range(1, Batch).Select(NewOp)];
        op = ops[0];
        batch = JsonSerializer.SerializeToUtf8Bytes(new OpBatch { BatchId = "b1", Ops = ops }, ProtocolJson.Options);
        logged = new LoggedOp
        {
            Cursor = 1, OpId = op.OpId, Verb = op.Verb, Kind = op.Kind, Key = op.Key, Data = op.Data,
            WriterId = RandomId.New(), Seq = 1,
            Actor = token.CapId, TimeMs = 1_760_000_000_000, SchemaVersion = 1,
        };
        tokens = TokenVerifier.Open(data, isNew: true);
        verifier = tokens.Of(token.Digest);
    }

    [GlobalCleanup]
    public void CleanUp() => Directory.Delete(data, recursive: true);

    /// <summary>A batch of 100 ops from the bytes of its frame; the rest of the call is not in here.</summary>
    [Benchmark]
    public object? DecodeBatchOf100() => JsonSerializer.Deserialize<OpBatch>(batch, ProtocolJson.Options);

    /// <summary>An op's wire bytes, made once for all its readers.</summary>
    [Benchmark]
    public object EncodeOp() => OpEncoding.Encode(logged);

    /// <summary>What makes two ops with one id the same.</summary>
    [Benchmark]
    public object DigestOp() => OpDigest.Of(op);

    /// <summary>Whether an op is well formed.</summary>
    [Benchmark]
    public object? CheckOp() => OpRules.Check(op, Protocol.Limits.ProtocolLimits.Default);

    /// <summary>An append to a document of one op.</summary>
    [Benchmark]
    public object? FoldAppend() => DocumentFold.Apply(op.Data, Verbs.Append, Addition);

    /// <summary>A token's form, checksum and digest.</summary>
    [Benchmark]
    public string ParseToken() => ShareToken.TryParse(token.Reveal(), out ShareToken? parsed) ? parsed.Digest : "";

    /// <summary>Whether a token is the ref's.</summary>
    [Benchmark]
    public bool VerifyToken() => tokens.Fits(verifier, token.Digest);

    private OpIntent NewOp(int seq) => new()
    {
        OpId = OpId.New(), Seq = seq, Verb = Verbs.Put, Kind = Kinds.Part, Key = $"prt_{1_000_000 + seq}",
        Data = new RawJson(bodies[seq]),
    };
}
