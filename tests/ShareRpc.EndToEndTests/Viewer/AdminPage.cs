using Microsoft.Playwright;

namespace ShareRpc.EndToEndTests.Viewer;

/// <summary>The admin page as somebody at it uses it: by the names of things.</summary>
internal sealed class AdminPage(ViewerPage view) : IAsyncDisposable
{
    public IPage Page => view.Page;

    public IReadOnlyCollection<string> Faults => view.Faults;

    public static async Task<AdminPage> OpenAsync(
        BrowserFixture browser, Uri server, int width = 1280, ColorScheme colors = ColorScheme.Light) =>
        new(await browser.OpenAsync(server, new Uri(server, "/admin").AbsoluteUri, width, colors: colors));

    /// <summary>By keyboard alone: the field has the focus when the page opens.</summary>
    public async Task SignInAsync(string token)
    {
        await Assertions.Expect(Page.GetByLabel("Token or link")).ToBeFocusedAsync();
        await Page.Keyboard.InsertTextAsync(token);
        await Page.Keyboard.PressAsync("Enter");
    }

    /// <summary>Goes on from control to control, by the key for it, until one has the focus.</summary>
    public async Task TabToAsync(ILocator control)
    {
        for (int i = 0; i < 100; i++)
        {
            if (await control.EvaluateAsync<bool>("element => element === document.activeElement")) return;
            await Page.Keyboard.PressAsync("Tab");
        }

        Assert.Fail("the key Tab does not lead there");
    }

    public Task SeesAsync(string text) => view.SeesAsync(text);

    /// <summary>A row of the page's table has the text.</summary>
    public Task HasRowAsync(string text) =>
        Assertions.Expect(
            Page.Locator("tbody tr").Filter(new LocatorFilterOptions { HasText = text }).First).ToBeVisibleAsync();

    public ILocator Button(string name) =>
        Page.GetByRole(AriaRole.Button, new PageGetByRoleOptions { Name = name, Exact = true });

    public ILocator Link(string name) =>
        Page.GetByRole(AriaRole.Link, new PageGetByRoleOptions { Name = name, Exact = true });

    public ILocator Dialog => Page.GetByRole(AriaRole.Dialog);

    public ILocator InDialog(string button) => Dialog.GetByRole(
        AriaRole.Button, new LocatorGetByRoleOptions { Name = button, Exact = true });

    /// <summary>The share that the list has, by whatever it is called there.</summary>
    public Task OpenOnlyShareAsync() => Page.Locator("table.list tbody a").ClickAsync();

    /// <summary>A holder's card.</summary>
    public ILocator Holder(string name) =>
        Page.GetByRole(AriaRole.Article, new PageGetByRoleOptions { Name = name, Exact = true });

    /// <summary>Invites a reader; the link that is shown, this once.</summary>
    public async Task<string> InviteAsync(string name, string? alsoCheck = null)
    {
        await Button("Invite").ClickAsync();
        await Dialog.GetByLabel("Name").FillAsync(name);
        if (alsoCheck is not null) await Dialog.GetByLabel(alsoCheck).CheckAsync();
        await InDialog("Make the link").ClickAsync();
        await SeesAsync("It is shown this once");
        string link = await Dialog.GetByLabel("Link").InputValueAsync();
        await InDialog("Done").ClickAsync();
        return link;
    }

    public Task TakeAsync(string? folder, string name, CancellationToken timeout) =>
        view.TakeAsync(folder, name, timeout);

    public ValueTask DisposeAsync() => view.DisposeAsync();
}
