using ShareRpc.Protocol.Errors;
using ShareRpc.Server.CapnWeb.Values;

namespace ShareRpc.Server.CapnWeb.Sessions;

/// <summary>
/// The table of exports: results of pushes under positive ids, objects that the peer was given under negative ones, and
/// the first object under 0. Any thread.
/// </summary>
internal sealed class ExportTable : IDisposable
{
    /// <summary>What a session ends with that leaves too much unreleased.</summary>
    public const string TooMany = "more results than a session may leave unreleased";

    private readonly Lock gate = new();
    private readonly int most;
    private readonly Dictionary<long, Export> exports = [];
    private readonly Dictionary<CapTarget, long> objects = new(ReferenceEqualityComparer.Instance);
    private long nextPush = 1;
    private long nextObject = -1;
    private bool hasEnded;

    public ExportTable(CapTarget main, int most)
    {
        this.most = most;
        exports.Add(0, new Export(CapPromise.Of(new StubValue(main)), main));
        objects.Add(main, 0);
    }

    public CapPromise Find(long id)
    {
        lock (gate) return Demand(id).Value;
    }

    /// <summary>Adds the result of a push; its reference becomes the table's.</summary>
    public void Push(CapPromise value)
    {
        lock (gate)
        {
            if (exports.Count >= most) throw new CapProtocolException(TooMany);
            exports.Add(nextPush++, new Export(value));
        }
    }

    /// <summary>Passes over an id, for what is answered at once.</summary>
    public long Skip()
    {
        lock (gate) return nextPush++;
    }

    /// <summary>Returns what the peer pulls; null when it has before.</summary>
    public CapPromise? Pull(long id)
    {
        lock (gate)
        {
            Export export = Demand(id);
            if (export.IsPulled) return null;
            export.IsPulled = true;
            return export.Value;
        }
    }

    /// <summary>Returns the id of an object for the peer, which counts that it was told.</summary>
    public long Tell(CapTarget target)
    {
        lock (gate)
        {
            if (hasEnded) return nextObject;
            if (objects.TryGetValue(target, out long id))
            {
                exports[id].References++;
                return id;
            }

            if (exports.Count >= most) throw new ShareRpcException(ErrorCode.TooManyHandles);
            id = nextObject--;
            exports.Add(id, new Export(CapPromise.Of(new StubValue(target)), target));
            objects.Add(target, id);
            return id;
        }
    }

    /// <summary>Counts what the peer has released; true when that was all.</summary>
    public bool Release(long id, long references)
    {
        Export export;
        lock (gate)
        {
            export = Demand(id);
            if (references < 1 || references > export.References)
                throw new CapProtocolException("a release of more than was given");
            export.References -= references;
            if (export.References > 0) return false;
            exports.Remove(id);
            if (export.Target is not null) objects.Remove(export.Target);
        }

        export.Value.Drop();
        return true;
    }

    public void Dispose()
    {
        Export[] all;
        lock (gate)
        {
            hasEnded = true;
            all = [.. exports.Values];
            exports.Clear();
            objects.Clear();
        }

        foreach (Export export in all) export.Value.Drop();
    }

    private Export Demand(long id) => exports.TryGetValue(id, out Export? export)
        ? export : throw new CapProtocolException("an id that stands for nothing here");
}
