using ShareRpc.Server.Memory;
using StreamJsonRpc;

namespace ShareRpc.Server.Connections;

/// <summary>
/// What large requests to the RPC layer keep until they are answered: their ops wait for a passphrase check, or for
/// the disk. Any thread.
/// </summary>
internal sealed class RequestMemory : IDisposable
{
    private readonly Lock gate = new();
    private readonly List<(RequestId Id, MemoryAccount Account)> held = [];
    private bool isClosed;

    /// <summary>Returns whether a method keeps what it was given.</summary>
    public static bool IsKept(string method) =>
        method == "redeemShare" || method.EndsWith("/appendOps", StringComparison.Ordinal);

    /// <summary>Keeps the account until the request is answered.</summary>
    public void Add(RequestId id, MemoryAccount account)
    {
        lock (gate)
        {
            if (!isClosed)
            {
                held.Add((id, account));
                return;
            }
        }

        account.Dispose();
    }

    public void End(RequestId id)
    {
        MemoryAccount account;
        lock (gate)
        {
            int index = held.FindIndex(request => request.Id.Equals(id));
            if (index < 0) return;
            account = held[index].Account;
            held.RemoveAt(index);
        }

        account.Dispose();
    }

    public void Dispose()
    {
        lock (gate) isClosed = true;
        foreach ((_, MemoryAccount account) in held) account.Dispose();
    }
}
