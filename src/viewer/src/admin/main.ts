document.getElementById('app')!.textContent = 'Shares';
