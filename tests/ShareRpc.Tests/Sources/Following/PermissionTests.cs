using System.Runtime.InteropServices;
using ShareRpc.Sources;
using ShareRpc.Sources.Following;
using ShareRpc.Sources.Opencode;
using ShareRpc.Tests.Fakes;

namespace ShareRpc.Tests.Sources.Following;

/// <summary>Storage that this user may not read is an error with its path, no empty list and no unknown form.</summary>
public sealed class PermissionTests : IDisposable
{
    private const uint Nobody = 65534;
    private const UnixFileMode All = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    private const UnixFileMode Everybody = All | UnixFileMode.GroupRead | UnixFileMode.GroupExecute
        | UnixFileMode.OtherRead | UnixFileMode.OtherExecute;

    private static readonly string[] Homes = [".claude", ".codex", ".gemini", ".local"];

    private readonly TemporaryDirectory folder = new();

    public static TheoryData<string, string> Cases
    {
        get
        {
            var cases = new TheoryData<string, string>();
            foreach (string agent in (string[])["claude", "codex", "gemini", "opencode"])
            {
                foreach (string what in (string[])["file", "folder", "home"]) cases.Add(agent, what);
            }

            return cases;
        }
    }

    public void Dispose()
    {
        if (!OperatingSystem.IsWindows())
        {
            foreach (string path in Directory.EnumerateDirectories(folder.Path)) File.SetUnixFileMode(path, All);
        }

        folder.Dispose();
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void What_may_not_be_read_is_named_with_the_permission_that_is_missing(string agent, string what)
    {
        if (OperatingSystem.IsWindows()) return;
        string file = SmallSession.Write(folder.Path, agent);
        string home = folder[Homes.Single(name => file.StartsWith(folder[name], StringComparison.Ordinal))];
        foreach (string below in Directory.EnumerateDirectories(home, "*", SearchOption.AllDirectories))
            File.SetUnixFileMode(below, Everybody);
        foreach (string shared in new[] { folder.Path, home, file }) File.SetUnixFileMode(shared, Everybody);
        string denied = what switch { "file" => file, "folder" => Path.GetDirectoryName(file)!, _ => home };
        Assert.Equal("aaaa", Assert.Single(AsUser(() => Sessions(agent))).Id);
        UnixFileMode before = File.GetUnixFileMode(denied);
        File.SetUnixFileMode(denied, UnixFileMode.None);
        try
        {
            Exception? error = AsUser(() => Record.Exception(() => Sessions(agent)));
            Assert.True(error is UnknownStorageException or OpencodeException, $"{error}");
            Assert.Contains(Permission.Remedy, error.Message);
            Assert.Contains(denied, error.Message);
        }
        finally
        {
            File.SetUnixFileMode(denied, before);
        }

        Assert.Single(AsUser(() => Sessions(agent)));
    }

    private IReadOnlyList<AgentSession> Sessions(string agent) =>
        AgentStorages.On(new AgentHome(folder.Path, folder["state"], _ => null))
            .SingleOrDefault(one => one.Agent == agent)?.Sessions() ?? [];

    /// <summary>Runs on a thread that is denied what another user is: for root nothing would be.</summary>
    private static T AsUser<T>(Func<T> run)
    {
        T result = default!;
        Exception? failure = null;
        var thread = new Thread(() =>
        {
            int before = SetFileUser(Nobody);
            try
            {
                result = run();
            }
            catch (Exception error)
            {
                failure = error;
            }
            finally
            {
                _ = SetFileUser((uint)before);
            }
        });
        thread.Start();
        thread.Join();
        return failure is null ? result : throw failure;
    }

    [DllImport("libc", EntryPoint = "setfsuid")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int SetFileUser(uint user);
}
