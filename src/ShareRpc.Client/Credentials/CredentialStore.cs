using System.Text.Json;
using ShareRpc.Protocol.Tokens;
using ShareRpc.Sqlite;

namespace ShareRpc.Client.Credentials;

/// <summary>
/// Stores tokens in a JSON file of mode 0600. A lock file serialises processes; writes replace the file.
/// </summary>
public sealed class CredentialStore(string path)
{
    // What .NET makes of an errno.
    private const int NotADirectory = 20;
    private const int DiskFull = 28;
    private const int ReadOnlyFileSystem = 30;

    private static readonly JsonSerializerOptions Json = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        WriteIndented = true, AllowDuplicateProperties = false };
    private static readonly TimeSpan LockPatience = TimeSpan.FromSeconds(10);

    // A file that is younger than this when it is read may be replaced within one tick of its time stamp.
    private static readonly TimeSpan Settled = TimeSpan.FromMilliseconds(100);

    private volatile Kept? kept;

    private string DirectoryPath => Path.GetDirectoryName(Path.GetFullPath(path))!;

    /// <summary>Returns a ref's credential, or null.</summary>
    public Credential? Find(string capId) => Read().GetValueOrDefault(capId);

    /// <summary>Returns a ref's token, or null.</summary>
    public ShareToken? FindToken(string capId) =>
        Find(capId) is { } found && ShareToken.TryParse(found.Token, out ShareToken? token) ? token : null;

    /// <summary>Returns all credentials, by cap id.</summary>
    public IReadOnlyDictionary<string, Credential> List() => Read();

    /// <summary>Adds or replaces a credential; durable on return.</summary>
    public void Add(ShareToken token, Uri server, string? shareId, string? label)
    {
        ArgumentNullException.ThrowIfNull(token);
        ArgumentNullException.ThrowIfNull(server);
        Change(all => all[token.CapId] = new Credential(token.Reveal(), server, shareId, label));
    }

    /// <summary>Adds or replaces credentials by one write of the file; durable on return.</summary>
    internal void Add(IEnumerable<(ShareToken Token, Credential Credential)> added)
    {
        List<(ShareToken Token, Credential Credential)> listed = [.. added];
        if (listed.Count == 0) return;
        Change(all =>
        {
            foreach ((ShareToken token, Credential credential) in listed) all[token.CapId] = credential;
        });
    }

    /// <summary>Returns the token stored for a rotation, or null.</summary>
    public ShareToken? FindNextToken(string capId) =>
        Find(capId) is { } found && ShareToken.TryParse(found.NextToken, out ShareToken? token) ? token : null;

    /// <summary>
    /// Stores the token of a rotation beside the current one; durable on return. Call it before the rotation: the
    /// answer may be lost.
    /// </summary>
    public void AddNext(ShareToken next, Uri server, string? shareId, string? label)
    {
        ArgumentNullException.ThrowIfNull(next);
        ArgumentNullException.ThrowIfNull(server);
        Change(all => all[next.CapId] =
            (all.GetValueOrDefault(next.CapId)
                ?? new Credential("", server, shareId, label)) with { NextToken = next.Reveal() });
    }

    /// <summary>Makes the next token current.</summary>
    public void Promote(string capId) => Change(all =>
    {
        if (all.GetValueOrDefault(capId) is { NextToken: { } next } known)
            all[capId] = known with { Token = next, NextToken = null };
    });

    /// <summary>Drops the token of a failed rotation.</summary>
    public void DropNext(string capId) => Change(all =>
    {
        if (all.GetValueOrDefault(capId) is not { } known) return;
        if (known.Token.Length == 0) all.Remove(capId);
        else all[capId] = known with { NextToken = null };
    });

    /// <summary>Returns a link's stored grant, or null.</summary>
    public ShareToken? FindGrant(string capId, Uri server) =>
        Find(capId) is { } found && found.Server == server
            && ShareToken.TryParse(found.GrantToken, out ShareToken? grant) ? grant : null;

    /// <summary>
    /// Stores a grant unless one exists; returns the stored one. Call it before sending: the answer may be lost.
    /// </summary>
    public ShareToken KeepGrant(ShareLink link, ShareToken grant)
    {
        ArgumentNullException.ThrowIfNull(link);
        ArgumentNullException.ThrowIfNull(grant);
        ShareToken kept = grant;
        Change(all =>
        {
            string? shareId = link.ShareId.Length > 0 ? link.ShareId : null;
            Credential known = all.GetValueOrDefault(link.Token.CapId)
                ?? new Credential("", link.Server, shareId, "link");
            if (known.Server != link.Server) return; // a ref of another server: its tokens are not for this one
            if (ShareToken.TryParse(known.GrantToken, out ShareToken? earlier)) kept = earlier;
            else all[link.Token.CapId] = known with { GrantToken = grant.Reveal() };
        });
        return kept;
    }

    /// <summary>Removes this grant, and its entry if empty.</summary>
    public void ForgetGrant(string capId, ShareToken grant)
    {
        ArgumentNullException.ThrowIfNull(grant);
        if (Find(capId)?.GrantToken != grant.Reveal()) return;
        Change(all =>
        {
            if (all.GetValueOrDefault(capId) is not { } known || known.GrantToken != grant.Reveal()) return;
            if (known.Token.Length > 0 || known.NextToken is not null) all[capId] = known with { GrantToken = null };
            else all.Remove(capId);
        });
    }

    /// <summary>Marks a ref as revoked, to hide its link.</summary>
    public void MarkRevoked(string capId)
    {
        if (Find(capId) is null) return;
        Change(all =>
        {
            if (all.GetValueOrDefault(capId) is { } known) all[capId] = known with { IsRevoked = true };
        });
    }

    private void Change(Action<Dictionary<string, Credential>> change) => Explained(() =>
    {
        DurableDirectory.Create(DirectoryPath);
        using FileStream exclusive = Lock();
        Dictionary<string, Credential> all = ReadFile();
        change(all);
        Write(all);
        return true;
    });

    /// <summary>Reads the file, unless it is the one that was read last. Nobody changes what it returns.</summary>
    private Dictionary<string, Credential> Read() => Explained(() =>
    {
        var file = new FileInfo(path);
        (DateTime, long) stamp = file.Exists ? (file.LastWriteTimeUtc, file.Length) : default;
        if (file.Exists && kept is { } known && known.Stamp == stamp) return known.All;
        bool isSettled = file.Exists && TimeProvider.System.GetUtcNow() - file.LastWriteTimeUtc > Settled;
        Dictionary<string, Credential> all = ReadFile();
        kept = isSettled ? new Kept(stamp, all) : null;
        return all;
    });

    private sealed record Kept((DateTime, long) Stamp, Dictionary<string, Credential> All);

    private Dictionary<string, Credential> ReadFile()
    {
        try
        {
            using FileStream file = File.OpenRead(path);
            Dictionary<string, Credential?> all =
                JsonSerializer.Deserialize<Dictionary<string, Credential?>>(file, Json)
                ?? throw new JsonException("It holds null.");
            return all.ToDictionary(entry => entry.Key, entry => Checked(entry.Value), StringComparer.Ordinal);
        }
        catch (Exception error) when (
            error is FileNotFoundException or DirectoryNotFoundException && !File.Exists(DirectoryPath))
        {
            return new(StringComparer.Ordinal);
        }
    }

    /// <summary>Throws for what this class does not write: changing the file would lose what was meant.</summary>
    private static Credential Checked(Credential? entry) =>
        entry is { Token: not null, Server: { IsAbsoluteUri: true, Scheme: "http" or "https" } }
            ? entry : throw new JsonException("It has an entry without a token or an address of a server.");

    private T Explained<T>(Func<T> use)
    {
        try
        {
            return use();
        }
        catch (JsonException damage)
        {
            throw new CredentialStoreException(
                $"The credentials file {path} is damaged{Place(damage)} and was left as it is: restore it from a "
                    + "backup or correct it; or move it away and begin anew, without the access that it holds.",
                damage);
        }
        catch (IOException full) when (full.HResult == DiskFull)
        {
            throw new CredentialStoreException(
                $"The disk that holds {path} is full: free some space, then repeat.", full);
        }
        catch (Exception error) when (Directory.Exists(path))
        {
            throw new CredentialStoreException(
                $"{path} is a directory, where the credentials file should be: move it away, or name another directory "
                    + "(--state).", error);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new CredentialStoreException(
                $"The credentials file {path} cannot be used: make it and its directory readable and writable for this "
                    + "user, or name another directory (--state).", error);
        }
    }

    private static string Place(JsonException damage) =>
        damage.LineNumber is { } line ? $" (line {line + 1})" : "";

    private void Write(Dictionary<string, Credential> all) =>
        SecretFile.Write(path, JsonSerializer.SerializeToUtf8Bytes(all, Json));

    private FileStream Lock()
    {
        long start = TimeProvider.System.GetTimestamp();
        var spin = new SpinWait();
        while (true)
        {
            try
            {
                return OwnerOnly.OpenAlone(path + ".lock");
            }
            catch (IOException error) when (error.HResult is not (DiskFull or NotADirectory or ReadOnlyFileSystem)
                && TimeProvider.System.GetElapsedTime(start) < LockPatience)
            {
                spin.SpinOnce();
            }
        }
    }
}
