using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace ShareRpc.EndToEndTests.Harness;

/// <summary>
/// A TCP proxy with a fixed address in front of a server that comes and goes, which does what it is told to the
/// traffic.
/// </summary>
internal sealed class FaultProxy : IAsyncDisposable
{
    private readonly TcpListener listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource stopping = new();
    private readonly ConcurrentDictionary<ProxyLink, Task> links = new();
    private readonly Lock gate = new();
    private readonly List<Fault> armed = [];
    private readonly Task accepting;

    public FaultProxy()
    {
        listener.Start();
        Address = new Uri($"http://127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}");
        accepting = AcceptAsync();
    }

    public Uri Address { get; }

    /// <summary>Where the server listens now.</summary>
    public Uri? Server { get; set; }

    /// <summary>Chooses where a new connection goes, of several servers; null for the one.</summary>
    public Func<Uri?>? Choose { get; init; }

    /// <summary>How often each fault came about.</summary>
    public ConcurrentDictionary<Fault, int> Done { get; } = new();

    /// <summary>The peers vanish: nothing passes, either way, and nobody is told.</summary>
    public bool IsFrozen { get; private set; }

    public void Freeze() => IsFrozen = true;

    /// <summary>The network is back; the connections of before are not.</summary>
    public void Thaw()
    {
        foreach (ProxyLink link in links.Keys) link.Cut();
        IsFrozen = false;
    }

    /// <summary>Some of the connections pass nothing any more; others, and new ones, do.</summary>
    public void FreezeSome(Func<bool> isChosen)
    {
        foreach (ProxyLink link in links.Keys.Where(_ => isChosen())) link.Freeze();
    }

    /// <summary>Does it to the next traffic that fits.</summary>
    public void Arm(Fault fault)
    {
        if (fault == Fault.CutAll)
        {
            foreach (ProxyLink link in links.Keys) link.Cut();
            Count(fault);
            return;
        }

        lock (gate) armed.Add(fault);
    }

    /// <summary>From now on everything passes.</summary>
    public void Disarm()
    {
        lock (gate) armed.Clear();
    }

    public async ValueTask DisposeAsync()
    {
        await stopping.CancelAsync();
        listener.Stop();
        await accepting;
        foreach (ProxyLink link in links.Keys) link.Cut();
        await Task.WhenAll(links.Values);
        stopping.Dispose();
    }

    /// <summary>The first armed fault that can happen here.</summary>
    internal Fault? Take(bool atConnect)
    {
        lock (gate)
        {
            int first = armed.FindIndex(fault => fault == Fault.ConnectTwice == atConnect);
            if (first < 0) return null;
            Fault taken = armed[first];
            armed.RemoveAt(first);
            Count(taken);
            return taken;
        }
    }

    private void Count(Fault fault) => Done.AddOrUpdate(fault, 1, (_, count) => count + 1);

    private async Task AcceptAsync()
    {
        while (!stopping.IsCancellationRequested)
        {
            try
            {
                TcpClient client = await listener.AcceptTcpClientAsync(stopping.Token);
                var link = new ProxyLink(this, client);
                links[link] = Task.Run(async () =>
                {
                    await link.RunAsync(stopping.Token);
                    links.TryRemove(link, out _);
                    link.Dispose();
                });
            }
            catch (Exception exception) when (exception is OperationCanceledException or SocketException)
            {
                return;
            }
        }
    }
}
